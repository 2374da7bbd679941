import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect, inject } from 'vitest';
import { type Db, openDb } from '../db/client.ts';
import { type Cookie, startLoginSession } from '../src/domains/accounts/login-sessions.ts';
import type { Role } from '../src/domains/accounts/model.ts';
import { grantRole } from '../src/domains/accounts/roles.ts';
import { createUser } from '../src/domains/accounts/users.ts';
import { env } from '../src/platform/env.ts';
import type { Id } from '../src/platform/ids.ts';
import { hashPassword } from '../src/platform/password.ts';

export const password = 'a long enough password';

let opened: Promise<Db> | undefined;

/** The database of the site under test, to prepare and to look at; the site’s own process has it open as well. */
export function siteDb(): Promise<Db> {
  opened ??= openDb(env.databaseUrl);
  return opened;
}

/** Closes the database after the file. Call once, at the top. */
export function usePortal() {
  afterAll(async () => {
    await (await opened)?.close();
    opened = undefined;
  });
}

let count = 0;

/** An address that nobody else in these tests has. */
export function newAddress(name = 'person', domain = 'example.test'): string {
  count += 1;
  return `${name}-${process.pid}-${Date.now().toString(36)}-${count}@${domain}`;
}

export type TestUser = { id: Id<'usr'>; email: string; name: string };

let passwordHash: Promise<string> | undefined;

/** A user with the password above, and roles like `['sam', 'sch_…']`. */
export async function makeUser(
  roles: readonly (readonly [role: Role, scopeId?: string])[] = [],
  name = 'Noor Lindqvist',
): Promise<TestUser> {
  passwordHash ??= hashPassword(password);
  const [db, hash, now, email] = [await siteDb(), await passwordHash, new Date(), newAddress()];
  const id = await db.write(async (tx) => {
    const userId = await createUser(tx, now, {
      email,
      name,
      passwordHash: hash,
      timeZone: 'Asia/Shanghai',
      codeOfConductVersion: '1',
    });
    for (const [role, scopeId = ''] of roles) await grantRole(tx, now, null, { userId, role, scopeId });
    return userId;
  });
  return { id, email, name };
}

/** What the browser of somebody who just signed in sends: `login=…; signed-in=1`. */
export async function cookieOf(user: TestUser): Promise<string> {
  const cookies = await loginCookies(user);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** Signs `user` in on the page’s browser without the form. */
export async function signInAs(page: Page, user: TestUser): Promise<void> {
  const url = inject('siteUrl');
  const cookies = await loginCookies(user);
  await page.context().addCookies(cookies.map(({ name, value }) => ({ name, value, url })));
}

async function loginCookies(user: TestUser): Promise<Cookie[]> {
  const ctx = { db: await siteDb(), now: new Date() };
  return startLoginSession(ctx, user.id, 'Chrome on Linux', undefined);
}

export type MailOnDisk = {
  from: string;
  to: string;
  subject: string;
  html: string;
  text: string;
  headers: Record<string, string>;
  sentAt: string;
};

/** The mails that have arrived for `address`, oldest first. */
export async function mailsTo(address: string): Promise<MailOnDisk[]> {
  const folder = path.join(env.dataDir, 'outbox');
  const files = await readdir(folder).catch(() => []);
  const mails = await Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .sort()
      .map(async (file) => JSON.parse(await readFile(path.join(folder, file), 'utf8')) as MailOnDisk),
  );
  return mails.filter(({ to }) => to === address);
}

/** The newest mail to `address` whose subject has `words` in it, once it is there. */
export async function mailTo(address: string, words: string): Promise<MailOnDisk> {
  return expect
    .poll(async () => (await mailsTo(address)).findLast(({ subject }) => subject.includes(words)), {
      timeout: 15_000,
      message: `a mail about “${words}” to ${address}`,
    })
    .toBeDefined()
    .then(async () => (await mailsTo(address)).findLast(({ subject }) => subject.includes(words))!);
}

/** The first link in a mail’s text whose path begins so. */
export function linkIn(mail: MailOnDisk, pathStart: string): string {
  const link = mail.text
    .match(/https?:\/\/\S+/g)
    ?.find((candidate) => new URL(candidate).pathname.startsWith(pathStart));
  if (!link) throw new Error(`The mail “${mail.subject}” has no link to ${pathStart}.`);
  return link;
}
