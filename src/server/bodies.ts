import type { IncomingMessage } from 'node:http';
import type { Db } from '#db/client.ts';
import { findViewer, loginCookieName } from '../domains/accounts/login-sessions.ts';
import { entryOf } from '../middleware/access.ts';

const largestBody = 256 * 1024;
/** The CMS sends uploads in base64, which makes 48 MB of them 64. Only who may save is let bring so much. */
const largestSave = 66 * 1024 * 1024;
/** A list of colleagues of 2 MB and the form around it. */
const largestList = 3 * 1024 * 1024;
/** A picture of 5 MB and the form around it. */
const largestPicture = 6 * 1024 * 1024;
/** Saves of that size that a process takes at once. */
const mostSaves = 4;
/** The longest that the body of a request may take, and that of a save in the CMS. */
const longestBody = 30_000;
export const longestSave = 5 * 60_000;

type Limits = { bytes: number; ms: number };
type TakeBody = (
  request: IncomingMessage,
  pathname: string,
  db: Db | undefined,
) => Promise<Buffer | 'too-large' | 'busy'>;

/**
 * Reads bodies of requests, each up to the limit of its address; `too-large` as soon as it is more, however it is sent, and
 * `busy` while others bring as many large saves as a process takes. Cuts off who takes too long. One for each server.
 */
export function bodyTaker(): TakeBody {
  let saves = 0;
  return async (request, pathname, db) => {
    const limits = await limitsOf(request, pathname, db);
    if (limits.bytes !== largestSave) return read(request, limits);
    if (saves >= mostSaves) return 'busy';
    saves += 1;
    try {
      return await read(request, limits);
    } finally {
      saves -= 1;
    }
  };
}

/** What to tell whoever brought more than this address takes. */
export const tooLargeAt = (pathname: string): string =>
  takesAttendanceFile.test(pathname)
    ? 'This file is larger than 2 MB, so nothing of it was taken. An attendance report is far smaller: please go back and look whether it is the right file.'
    : 'That is more than the site takes at once.';

const takesAttendanceFile = /^\/live-sessions\/[^/]+\/attendance$/;

/** How many bytes a request to this address may bring, and in what time. */
async function limitsOf(request: IncomingMessage, pathname: string, db: Db | undefined): Promise<Limits> {
  const usual = { bytes: largestBody, ms: longestBody };
  if (pathname.startsWith('/api/keystatic/'))
    return (await mayUseCms(request, db)) ? { bytes: largestSave, ms: longestSave } : usual;
  if (/^\/sam\/[^/]+\/invite$/.test(pathname) || takesAttendanceFile.test(pathname))
    return { ...usual, bytes: largestList };
  const takesPicture = pathname === '/me/picture' || pathname.startsWith('/activate/');
  const holdsFiles = /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');
  return takesPicture && holdsFiles ? { ...usual, bytes: largestPicture } : usual;
}

/** Whether whoever sends this may save in the CMS, so that nobody else fills our memory with bodies of that size. */
async function mayUseCms(request: IncomingMessage, db: Db | undefined): Promise<boolean> {
  const cookie = new RegExp(`(?:^|;\\s*)${loginCookieName}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
  if (!cookie || !db) return false;
  const found = await findViewer({ db, now: new Date() }, cookie).catch(() => undefined);
  return Boolean(
    found &&
      entryOf('/api/keystatic/[...params]', found.viewer, { now: new Date(), cmsIsOpen: false }) === 'enter',
  );
}

async function read(request: IncomingMessage, { bytes, ms }: Limits): Promise<Buffer | 'too-large'> {
  if (Number(request.headers['content-length'] ?? 0) > bytes) return 'too-large';
  const tooLong = setTimeout(() => request.destroy(), ms);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bytes) return 'too-large';
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(tooLong);
  }
}
