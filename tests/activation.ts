import { and, desc, eq, sql } from 'drizzle-orm';
import type { Db } from '../db/client.ts';
import { outbox } from '../db/schema/mail.ts';
import { schools } from '../db/schema/schools.ts';
import { type NewSignUp, signUp } from '../src/domains/schools/activation.ts';
import { issueActivationLink } from '../src/domains/schools/activation-links.ts';
import { confirmSignUp } from '../src/domains/schools/sign-ups.ts';
import type { Ctx } from '../src/platform/context.ts';
import { type Id, newId } from '../src/platform/ids.ts';
import { unseal } from '../src/platform/seal.ts';
import { type TestDatabase, useDatabase } from './database.ts';

const schoolDay = new Date('2026-09-15T08:30:00Z');

/** A clock that a test sets forward. */
export type TestCtx = Ctx & { db: TestDatabase; later(ms: number): TestCtx };

export function ctxAt(db: TestDatabase, now = schoolDay): TestCtx {
  return { db, now, later: (ms) => ctxAt(db, new Date(now.getTime() + ms)) };
}

/** A school with an activation link, in a database of its own or the one given. */
export async function useSchool(
  given: Partial<typeof schools.$inferInsert> = {},
  db?: TestDatabase,
): Promise<{ ctx: TestCtx; schoolId: Id<'sch'>; secret: string }> {
  const ctx = ctxAt(db ?? (await useDatabase()));
  const schoolId = newId('sch', ctx.now);
  const secret = await ctx.db.write(async (tx) => {
    await tx.insert(schools).values({
      id: schoolId,
      name: 'Lotus Bay School',
      country: 'TH',
      city: 'Bangkok',
      timeZone: 'Asia/Bangkok',
      membershipStartsOn: '2026-08-01',
      membershipEndsOn: '2027-07-31',
      createdAt: ctx.now,
      updatedAt: ctx.now,
      ...given,
    });
    return issueActivationLink(tx, ctx.now, schoolId, null);
  });
  return { ctx, schoolId, secret };
}

export const chosenPassword = 'a quiet lantern in march';

/** A profile form as somebody fills it in. */
export function filledIn(given: Partial<NewSignUp> = {}): NewSignUp {
  return {
    name: 'Ana Sample',
    email: 'ana@lotus.example.test',
    jobTitle: 'Librarian',
    subjects: 'Primary',
    country: 'TH',
    timeZone: 'Asia/Bangkok',
    password: chosenPassword,
    codeOfConductVersion: '2.0',
    ...given,
  };
}

/** The newest mail to this address: its kind, its words, and the secret of the link in it. */
export async function newestMail(
  db: Db,
  to: string,
): Promise<{ kind: string; text: string; secret: string }> {
  const [row] = await db.read
    .select({ kind: outbox.kind, sealedBody: outbox.sealedBody })
    .from(outbox)
    .where(eq(outbox.to, to))
    .orderBy(desc(sql`rowid`)) // two mails of one moment have no other order
    .limit(1);
  if (!row?.sealedBody) throw new Error(`There is no mail to ${to}.`);
  const { text } = JSON.parse(unseal('mail-body', row.sealedBody)!) as { text: string };
  return { kind: row.kind, text, secret: /\/(?:verify|activate)\/([\w-]{43})/.exec(text)?.[1] ?? '' };
}

/** How many mails of this kind wait for this address. */
export function mailCount(db: Db, kind: string, to: string): Promise<number> {
  return db.read.$count(outbox, and(eq(outbox.kind, kind), eq(outbox.to, to)));
}

/** Fills in the form and returns the browser’s cookie and the secret of the link in the mail. */
export async function signedUp(
  ctx: TestCtx,
  linkSecret: string,
  given: Partial<NewSignUp> = {},
): Promise<{ browser: { viewer: null; signUpCookie: string }; secret: string }> {
  const person = filledIn(given);
  const result = await signUp(ctx, linkSecret, person);
  if ('refused' in result) throw new Error(result.refused);
  const { secret } = await newestMail(ctx.db, person.email);
  return { browser: { viewer: null, signUpCookie: result.cookie.value }, secret };
}

/** Fills in the form, follows the mail and confirms, all in one browser. */
export async function activated(
  ctx: TestCtx,
  linkSecret: string,
  given: Partial<NewSignUp> = {},
): Promise<Id<'usr'>> {
  const { browser, secret } = await signedUp(ctx, linkSecret, given);
  const result = await confirmSignUp(ctx, secret, browser, undefined);
  if ('refused' in result) throw new Error(result.refused);
  return result.userId;
}
