import { and, desc, eq, lt, ne, type Placeholder, sql } from 'drizzle-orm';
import { type Adapter, type DatabaseSession, type DatabaseUser, Lucia, TimeSpan } from 'lucia';
import type { Reads, Tx } from '#db/client.ts';
import { prepared } from '#db/prepared.ts';
import { loginSessions, users } from '#db/schema/accounts.ts';
import { databaseTrouble } from '#db/unavailable.ts';
import { dayIn } from '../../lib/time.ts';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import { hashSecret, isSecret, newSecret } from '../../platform/tokens.ts';
import { recordAuditEvent } from '../audit/record.ts';
import type { Grant, LoginSession, Viewer } from './model.ts';
import { hasPassword } from './users.ts';

/**
 * Everything Lucia does stands in this file. Its adapter stores the SHA-256 of what the cookie holds, ends sign-ins after
 * thirty days however much they are used, and those of staff and editors after twelve hours without use or seven days.
 */
declare module 'lucia' {
  interface Register {
    Lucia: ReturnType<typeof lucia>;
    UserId: Id<'usr'>;
    DatabaseSessionAttributes: Omit<LoginSession, 'idHash'>;
    DatabaseUserAttributes: Omit<Viewer, 'id' | 'loginSession'>;
  }
}

export type Cookie = {
  name: string;
  value: string;
  /** As Astro’s and Node’s cookie writers take them. */
  attributes: {
    httpOnly: boolean;
    secure: boolean;
    sameSite: 'lax';
    path: '/';
    maxAge: number;
  };
};

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const idle = new TimeSpan(14, 'd');
const longest = 30 * day;
const staffIdle = 12 * hour;
const staffLongest = 7 * day;
const touchEvery = 5 * minute;

/** Browsers take the prefix `__Host-` only over https; a site for this machine has none. */
const isHttps = env.siteUrl.startsWith('https:');
export const loginCookieName = isHttps ? '__Host-login' : 'login';
/** Readable by scripts: says only that somebody is signed in, so that static pages ask who only then. */
const hintCookieName = isHttps ? '__Host-signed-in' : 'signed-in';

/**
 * Signs a user in on this browser and returns the cookies to set. Ends `previous`, the cookie that came with the
 * request: an id that somebody planted is worth nothing afterwards.
 */
export function startLoginSession(
  ctx: Ctx,
  userId: Id<'usr'>,
  device: string,
  previous: string | undefined,
): Promise<Cookie[]> {
  return start(lucia(ctx), ctx, userId, device, previous);
}

/**
 * The same for whoever gave the right password: `passwordHash` is what it was checked against. Undefined, and nobody is
 * signed in, when another password has been set since: that one ended every sign-in.
 */
export async function startLoginSessionWith(
  ctx: Ctx,
  { userId, passwordHash }: { userId: Id<'usr'>; passwordHash: string },
  device: string,
  previous: string | undefined,
): Promise<Cookie[] | undefined> {
  try {
    return await start(lucia(ctx, passwordHash), ctx, userId, device, previous);
  } catch (error) {
    if (error instanceof PasswordReplaced) return undefined;
    throw error;
  }
}

class PasswordReplaced extends Error {}

async function start(
  sessions: ReturnType<typeof lucia>,
  ctx: Ctx,
  userId: Id<'usr'>,
  device: string,
  previous: string | undefined,
): Promise<Cookie[]> {
  if (previous) await endLoginSession(ctx, previous);
  const { now } = ctx;
  const session = await sessions.createSession(
    userId,
    { createdAt: now, lastUsedAt: now, authenticatedAt: now, device },
    { sessionId: newSecret() },
  );
  return signedInCookies(session.id);
}

/** Signs out the browser that holds this cookie. Harmless when it is unknown or over. */
export async function endLoginSession(ctx: Ctx, cookie: string): Promise<void> {
  if (isSecret(cookie)) await lucia(ctx).invalidateSession(cookie);
}

/** The cookies that make a browser forget that it was signed in. */
export function signedOutCookies(): Cookie[] {
  return [loginCookie('', 0), hintCookie('', 0)];
}

/**
 * Who holds this cookie, and cookies to set again where their time was prolonged. Null when it is unknown, over, or of a
 * user who is suspended or asked to be erased. One query; once in five minutes also one write, which on the first of a day
 * keeps that the user was here on it.
 */
export async function findViewer(
  ctx: Ctx,
  cookie: string,
): Promise<{ viewer: Viewer; cookies: Cookie[] } | null> {
  if (!isSecret(cookie)) return null;
  const { session, user } = await lucia(ctx).validateSession(cookie);
  if (!session) return null;
  const idHash = hashSecret(cookie);
  const { createdAt, lastUsedAt, authenticatedAt, device } = session;
  if (ctx.now.getTime() - lastUsedAt.getTime() >= touchEvery) await touch(ctx, idHash, user, lastUsedAt);
  return {
    viewer: { ...user, loginSession: { idHash, createdAt, lastUsedAt, authenticatedAt, device } },
    cookies: session.fresh ? signedInCookies(cookie) : [],
  };
}

/** The user’s sign-ins that are not over, last used first. */
export async function loginSessionsOf(ctx: Ctx, userId: Id<'usr'>): Promise<LoginSession[]> {
  const rows = await ctx.db.read
    .select({
      idHash: loginSessions.idHash,
      createdAt: loginSessions.createdAt,
      lastUsedAt: loginSessions.lastUsedAt,
      authenticatedAt: loginSessions.authenticatedAt,
      device: loginSessions.device,
      expiresAt: loginSessions.expiresAt,
      grants: grantsInForce(ctx.now),
    })
    .from(loginSessions)
    .innerJoin(users, eq(users.id, loginSessions.userId))
    .where(eq(loginSessions.userId, userId))
    .orderBy(desc(loginSessions.lastUsedAt));
  return rows
    .filter((row) => !isOver(row, JSON.parse(row.grants), ctx.now))
    .map(({ expiresAt: _expiresAt, grants: _grants, ...loginSession }) => loginSession);
}

/** Ends one sign-in of this user; a sign-in of somebody else stays. */
export async function endLoginSessionOf(tx: Tx, userId: Id<'usr'>, idHash: string): Promise<void> {
  await tx
    .delete(loginSessions)
    .where(and(eq(loginSessions.userId, userId), eq(loginSessions.idHash, idHash)));
}

/** Ends all sign-ins of this user. */
export async function endAllLoginSessions(tx: Tx, userId: Id<'usr'>): Promise<void> {
  await tx.delete(loginSessions).where(eq(loginSessions.userId, userId));
}

/** Ends all sign-ins of this user but one, and gives that one a new start: the password was just given there. */
export async function endOtherLoginSessions(tx: Tx, userId: Id<'usr'>, idHash: string): Promise<void> {
  await tx
    .delete(loginSessions)
    .where(and(eq(loginSessions.userId, userId), ne(loginSessions.idHash, idHash)));
}

/** Forgets sign-ins that are over. */
export async function purgeLoginSessions(ctx: Ctx): Promise<void> {
  await ctx.db.write((tx) => tx.delete(loginSessions).where(lt(loginSessions.expiresAt, ctx.now)));
}

async function touch(
  { db, now }: Ctx,
  idHash: string,
  { id, timeZone }: { id: Id<'usr'>; timeZone: string },
  lastUsedAt: Date,
) {
  const today = dayIn(timeZone, now);
  const touched = db.write(async (tx) => {
    await tx.update(loginSessions).set({ lastUsedAt: now }).where(eq(loginSessions.idHash, idHash));
    if (dayIn(timeZone, lastUsedAt) !== today)
      await tx.update(users).set({ lastSeenOn: today }).where(eq(users.id, id));
  });
  await touched.catch((error: unknown) => {
    if (!databaseTrouble(error)) throw error; // else people go on reading what a full disk still holds
  });
}

function signedInCookies(secret: string): Cookie[] {
  const seconds = Math.floor(idle.seconds());
  return [loginCookie(secret, seconds), hintCookie('1', seconds)];
}

function loginCookie(value: string, maxAge: number): Cookie {
  return {
    name: loginCookieName,
    value,
    attributes: { httpOnly: true, secure: isHttps, sameSite: 'lax', path: '/', maxAge },
  };
}

function hintCookie(value: string, maxAge: number): Cookie {
  return {
    name: hintCookieName,
    value,
    attributes: { httpOnly: false, secure: isHttps, sameSite: 'lax', path: '/', maxAge },
  };
}

/** With a `passwordHash`, sign-ins start only while that is the user’s. */
function lucia(ctx: Ctx, passwordHash?: string) {
  return new Lucia(adapter(ctx, passwordHash), {
    sessionExpiresIn: idle,
    getSessionAttributes: (attributes) => attributes,
    getUserAttributes: (attributes) => attributes,
  });
}

/** Asked with every request of somebody signed in. */
const sessionAndUser = prepared((read: Reads) =>
  read
    .select({
      expiresAt: loginSessions.expiresAt,
      createdAt: loginSessions.createdAt,
      lastUsedAt: loginSessions.lastUsedAt,
      authenticatedAt: loginSessions.authenticatedAt,
      device: loginSessions.device,
      userId: users.id,
      name: users.name,
      email: users.email,
      timeZone: users.timeZone,
      pictureId: users.pictureId,
      suspendedAt: users.suspendedAt,
      erasureDueAt: users.erasureDueAt,
      grants: grantsInForce(sql.placeholder('yesterday')),
    })
    .from(loginSessions)
    .innerJoin(users, eq(users.id, loginSessions.userId))
    .where(eq(loginSessions.idHash, sql.placeholder('idHash')))
    .prepare(),
);

/** Lucia’s ids are the secrets in cookies; the database knows their hashes. */
function adapter({ db, now }: Ctx, passwordHash?: string): Adapter {
  return {
    async getSessionAndUser(secret) {
      const row = await sessionAndUser(db.read).get({
        idHash: hashSecret(secret),
        yesterday: dayBefore(now),
      });
      if (!row || row.suspendedAt || row.erasureDueAt) return [null, null];
      const grants = JSON.parse(row.grants) as Grant[];
      if (isOver(row, grants, now)) return [null, null];
      const { userId, expiresAt, createdAt, lastUsedAt, authenticatedAt, device } = row;
      const { name, email, timeZone, pictureId } = row;
      const session: DatabaseSession = {
        id: secret,
        userId,
        expiresAt,
        attributes: { createdAt, lastUsedAt, authenticatedAt, device },
      };
      const user: DatabaseUser = { id: userId, attributes: { name, email, timeZone, pictureId, grants } };
      return [session, user];
    },
    async getUserSessions() {
      throw new Error('Lucia would return hashes in place of ids here: use loginSessionsOf.');
    },
    async setSession({ id, userId, expiresAt, attributes }) {
      await db.write(async (tx) => {
        if (passwordHash !== undefined && !(await hasPassword(tx, userId, passwordHash)))
          throw new PasswordReplaced('The password was replaced while it was checked.');
        await tx.insert(loginSessions).values({ idHash: hashSecret(id), userId, expiresAt, ...attributes });
        const [user] = await tx.select({ timeZone: users.timeZone }).from(users).where(eq(users.id, userId));
        const lastSeenOn = dayIn(user?.timeZone ?? 'UTC', now);
        await tx.update(users).set({ lastSeenOn }).where(eq(users.id, userId));
        await recordAuditEvent(tx, {
          at: now,
          actorId: userId,
          action: 'login.started',
          subjectType: 'user',
          subjectId: userId,
          detail: { device: attributes.device },
        });
      });
    },
    async updateSessionExpiration(secret, expiresAt) {
      await db.write((tx) =>
        tx
          .update(loginSessions)
          .set({ expiresAt })
          .where(eq(loginSessions.idHash, hashSecret(secret))),
      );
    },
    async deleteSession(secret) {
      await db.write((tx) => tx.delete(loginSessions).where(eq(loginSessions.idHash, hashSecret(secret))));
    },
    async deleteUserSessions(userId) {
      await db.write((tx) => endAllLoginSessions(tx, userId));
    },
    async deleteExpiredSessions() {
      await purgeLoginSessions({ db, now });
    },
  };
}

/**
 * The user’s roles as JSON, as a column of a query over `users`. Membership through a school ends with the last day of its
 * membership year, anywhere on earth. A prepared query has a placeholder for `dayBefore(now)`. (Names are written out: in a query over one table Drizzle leaves the table’s away.)
 */
export function grantsInForce(now: Date | Placeholder) {
  const yesterday = now instanceof Date ? dayBefore(now) : now;
  return sql<string>`(
    SELECT json_group_array(json_object('role', role_grants.role, 'scopeId', role_grants.scope_id))
    FROM role_grants LEFT JOIN schools ON schools.id = role_grants.scope_id
    WHERE role_grants.user_id = users.id
      AND (role_grants.role <> 'member' OR role_grants.scope_id = '' OR schools.membership_ends_on >= ${yesterday})
  )`;
}

/** `2026-11-21` for any moment of 22 November, in UTC. */
export const dayBefore = (now: Date) => new Date(now.getTime() - day).toISOString().slice(0, 10);

function isOver(
  session: Pick<DatabaseSession, 'expiresAt'> & Omit<LoginSession, 'idHash'>,
  grants: Grant[],
  now: Date,
): boolean {
  const age = now.getTime() - session.createdAt.getTime();
  const unused = now.getTime() - session.lastUsedAt.getTime();
  const powerful = grants.some(({ role }) => role === 'staff' || role === 'editor');
  if (powerful && (unused > staffIdle || age > staffLongest)) return true;
  return age > longest || session.expiresAt <= now;
}
