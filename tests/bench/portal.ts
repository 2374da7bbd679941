import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Db, openDb } from '../../db/client.ts';
import { migrate } from '../../db/migrate.ts';
import { users } from '../../db/schema/accounts.ts';
import { type Id, newId } from '../../src/platform/ids.ts';
import { hashPassword } from '../../src/platform/password.ts';
import { type RunningServer, startServer } from '../site.ts';

/** What everybody in a bench has. */
export const benchPassword = 'a long enough password';

/** An empty folder of a bench’s own. */
export async function emptyFolder(name: string): Promise<string> {
  const folder = path.resolve('.data/bench', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

export const databaseUrl = (folder: string) => `file:${path.join(folder, 'peersphere.db')}`;

/** Runs `work` with the database in `folder`, which is made and brought up to date where it is not there. */
export async function withDatabase<T>(folder: string, work: (db: Db) => Promise<T>): Promise<T> {
  const url = databaseUrl(folder);
  await migrate(url);
  const db = await openDb(url);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Serves the build `dist` with the database in `folder`. */
export function servePortal(
  dist: string,
  folder: string,
  { port = 0, env = {} }: { port?: number; env?: Record<string, string> } = {},
): Promise<RunningServer> {
  return startServer(['tests/serve-site.ts', dist, String(port)], {
    DATA_DIR: folder,
    LOG_LEVEL: 'error',
    TRUST_PROXY: '1', // so that a bench can speak for many network addresses
    ...env,
  });
}

/** Adds so many users, `person-1@example.test` and on, quickly: all have the same password, hashed once. */
export async function addPeople(db: Db, now: Date, count: number): Promise<Id<'usr'>[]> {
  const passwordHash = await hashPassword(benchPassword);
  const ids = Array.from({ length: count }, () => newId('usr', now));
  await inBatches(ids, async (batch, from) => {
    const rows = batch.map((id, place) => ({
      id,
      email: addressOf(from + place),
      emailVerifiedAt: now,
      passwordHash,
      name: `Person ${from + place + 1}`,
      timeZone: 'Asia/Shanghai',
      codeOfConductVersion: '1',
      codeOfConductAcceptedAt: now,
      createdAt: now,
    }));
    await db.write((tx) => tx.insert(users).values(rows));
  });
  return ids;
}

/** Address of the person at this place, from 0 on. */
export const addressOf = (place: number) => `person-${place + 1}@example.test`;

/** Hands `items` over in parts that fit into one statement. */
export async function inBatches<T>(items: T[], take: (batch: T[], from: number) => Promise<unknown>) {
  const size = 500;
  for (let from = 0; from < items.length; from += size) await take(items.slice(from, from + size), from);
}

export type Sender = { cookie?: string; address?: string };

/** Sends a form as our own page does, and follows no redirect. */
export function postForm(
  url: string,
  fields: Record<string, string>,
  { cookie, address }: Sender = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(fields),
    headers: {
      Origin: new URL(url).origin,
      'Sec-Fetch-Site': 'same-origin',
      ...(cookie && { Cookie: cookie }),
      ...(address && { 'X-Forwarded-For': address }),
    },
  });
}

/** `name=value` of a cookie that the answer sets; undefined where it does not. */
export function cookieFrom(response: Response, name: string): string | undefined {
  return response.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith(`${name}=`))
    ?.split(';')[0];
}

/** A network address for each number, up to 16 million. */
export const networkAddress = (number: number) => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
