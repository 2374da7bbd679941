import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import { drawApart } from '../../platform/image-process.ts';
import { pictureLimits } from './model.ts';

const worker = 'src/domains/accounts/picture-worker.ts';

const folder = path.join(env.dataDir, 'uploads', 'pictures');

/** A picture takes up to a second of one core, and its upload waits in memory meanwhile. */
const longestQueue = 60;
const longestWorkMs = 10_000;

/** What somebody chose in a file field, or a sentence on why it cannot be taken. */
export type StoredPicture = { pictureId: Id<'pic'> } | { problem: string };

/**
 * Keeps an uploaded picture as a square WebP of 512 pixels, whatever it was before, without its metadata (such as where it
 * was taken) and turned the right way up. Refuses in a sentence what is no JPEG, PNG or WebP by its first bytes and by its
 * decoder, more than 5 MB or 40 megapixels, incomplete, or takes longer than ten seconds to read. The picture belongs to nobody until its id is
 * written somewhere; `removePicture` takes it away again.
 */
export async function storePicture(bytes: Uint8Array): Promise<StoredPicture> {
  if (bytes.byteLength === 0) return { problem: 'Choose a picture.' };
  if (bytes.byteLength > pictureLimits.bytes) return { problem: sentences['too-large'] };
  if (!isPicture(bytes)) return { problem: sentences['wrong-kind'] };
  const made = await inTurn(() => drawApart(worker, bytes, longestWorkMs));
  if ('refused' in made) return { problem: sentences[made.refused] };
  const pictureId = `pic_${randomBytes(16).toString('hex')}` as Id<'pic'>;
  await writeWhole(fileOf(pictureId), made.image);
  return { pictureId };
}

/** The picture’s WebP; undefined when there is none of this id, or it is no such id. */
export async function findPicture(id: string): Promise<Buffer | undefined> {
  if (!isPictureId(id)) return undefined;
  return readFile(fileOf(id)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Takes the picture away. Harmless when it is gone already. */
export async function removePicture(id: Id<'pic'>): Promise<void> {
  if (isPictureId(id)) await rm(fileOf(id), { force: true });
}

/** Ids of the pictures that were stored before `before`, whoever’s they are; drafts of that age are thrown away. */
export async function picturesStoredBefore(before: Date): Promise<Id<'pic'>[]> {
  const names = await readdir(folder).catch(() => []);
  const found: Id<'pic'>[] = [];
  for (const name of names) {
    const file = path.join(folder, name);
    const storedAt = (await stat(file).catch(() => undefined))?.mtime;
    if (!storedAt || storedAt >= before) continue;
    const id = name.replace(/\.webp$/, '');
    if (isPictureId(id)) found.push(id);
    else if (name.endsWith('.draft')) await rm(file, { force: true });
  }
  return found;
}

type Refusal = keyof typeof sentences;

const sentences = {
  'too-large': 'This picture is larger than 5 MB. Choose a smaller one.',
  'wrong-kind': 'Choose a picture that is a JPEG, PNG or WebP file.',
  unreadable: 'This picture cannot be read. Open it, save it anew as JPEG or PNG, and try again.',
  'too-many-pixels': 'This picture has more than 40 megapixels. Make it smaller and try again.',
  'too-slow': 'This picture took too long to read. Save it anew as JPEG or PNG, and try again.',
  busy: 'Very many pictures arrive at this moment. Please try again in a minute.',
} as const;

const isPictureId = (id: string): id is Id<'pic'> => /^pic_[0-9a-f]{32}$/.test(id);

const fileOf = (id: Id<'pic'>) => path.join(folder, `${id}.webp`);

/** JPEG, PNG or WebP by their first bytes: the name and the type that came with a file say nothing. */
function isPicture(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16));
  const is = (signature: string, at = 0) =>
    start.subarray(at, at + signature.length).equals(Buffer.from(signature, 'latin1'));
  return is('\xff\xd8\xff') || is('\x89PNG\r\n\x1a\n') || (is('RIFF') && is('WEBP', 8));
}

let isWorking = false;
const queue: (() => void)[] = [];

/** One picture at a time: a whole staff room may send theirs at once, and pages have to be answered meanwhile. */
async function inTurn<T>(work: () => Promise<T>): Promise<T | { refused: Refusal }> {
  if (isWorking) {
    if (queue.length >= longestQueue) return { refused: 'busy' };
    await new Promise<void>((turn) => queue.push(turn));
  }
  isWorking = true;
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next) next();
    else isWorking = false;
  }
}

/** The file is there whole or not at all, also when the power goes. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(6).toString('hex')}.draft`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
