import { randomBytes } from 'node:crypto';
import { and, asc, desc, eq, gte, inArray, isNull, lt } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { attendance, records } from '#db/schema/attendance.ts';
import { communities } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessions } from '#db/schema/live-sessions.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { seal, unseal } from '../../platform/seal.ts';
import { hashSecret } from '../../platform/tokens.ts';
import type { Period } from './model.ts';

/** A live session on a record of professional development. */
export type RecordLine = {
  id: Id<'ses'>;
  title: string;
  /** By name. */
  communities: string[];
  startsAt: Date;
  mark: 'live' | 'recording';
  /** Minutes in the meeting where they were counted, else the length of the live session. */
  minutes: number;
};

export type DevelopmentRecord = {
  name: string;
  lines: RecordLine[];
  /** Of all lines. */
  minutes: number;
};

/**
 * What somebody took part in, the first first: attended live or by recording; nothing else is on a record. Undefined for a
 * user that there is not. 2 queries.
 */
export async function developmentRecord(
  read: Reads,
  userId: Id<'usr'>,
  { fromAt, untilAt }: Period,
): Promise<DevelopmentRecord | undefined> {
  const [[user], rows] = await Promise.all([
    read.select({ name: users.name }).from(users).where(eq(users.id, userId)),
    read
      .select({
        id: liveSessions.id,
        title: liveSessions.title,
        startsAt: liveSessions.startsAt,
        endsAt: liveSessions.endsAt,
        mark: attendance.mark,
        minutes: attendance.minutes,
        community: communities.name,
      })
      .from(attendance)
      .innerJoin(liveSessions, eq(liveSessions.id, attendance.liveSessionId))
      .leftJoin(liveSessionCommunities, eq(liveSessionCommunities.liveSessionId, liveSessions.id))
      .leftJoin(communities, eq(communities.slug, liveSessionCommunities.communitySlug))
      .where(
        and(
          eq(attendance.userId, userId),
          inArray(attendance.mark, ['live', 'recording']),
          fromAt ? gte(liveSessions.startsAt, fromAt) : undefined,
          untilAt ? lt(liveSessions.startsAt, untilAt) : undefined,
        ),
      )
      .orderBy(asc(liveSessions.startsAt), asc(liveSessions.id), asc(communities.name)),
  ]);
  if (!user) return undefined;
  const lines = new Map<string, RecordLine>();
  for (const { community, endsAt, mark, minutes, ...row } of rows) {
    const length = Math.round((endsAt.getTime() - row.startsAt.getTime()) / 60_000);
    const line = lines.get(row.id) ?? {
      ...row,
      communities: [],
      mark: mark === 'live' ? 'live' : 'recording',
      minutes: minutes ?? length,
    };
    if (community) line.communities.push(community);
    lines.set(row.id, line);
  }
  const all = [...lines.values()];
  return { name: user.name, lines: all, minutes: all.reduce((sum, line) => sum + line.minutes, 0) };
}

/** A code that its owner gave a record, to be seen again by them. */
export type RecordCode = Period & { id: Id<'rec'>; code: string; createdAt: Date };

/** Codes that are in force, the last first. 1 query. */
export async function recordCodes(read: Reads, userId: Id<'usr'>): Promise<RecordCode[]> {
  const rows = await read
    .select({
      id: records.id,
      sealedCode: records.sealedCode,
      title: records.title,
      fromAt: records.fromAt,
      untilAt: records.untilAt,
      createdAt: records.createdAt,
    })
    .from(records)
    .where(and(eq(records.userId, userId), isNull(records.withdrawnAt)))
    .orderBy(desc(records.createdAt), desc(records.id));
  return rows.flatMap(({ sealedCode, ...row }) => {
    const code = sealedCode && unseal('record-code', sealedCode);
    return code ? [{ ...row, code }] : [];
  });
}

/** Most codes that one person has at a time: one a season for many years. */
const mostCodes = 20;

/**
 * Gives the viewer’s record of `period` a code with which anyone can check it, and returns it; the one that it has already,
 * where it has one. Refuses the twenty-first.
 */
export function giveCode(
  { db, now }: Ctx,
  viewer: { id: Id<'usr'> },
  { title, fromAt, untilAt }: Period,
): Promise<{ code: string } | { refused: 'too-many' }> {
  return db.write(async (tx) => {
    const given = await recordCodes(tx, viewer.id);
    const same = given.find(
      (one) => one.fromAt?.getTime() === fromAt?.getTime() && one.untilAt?.getTime() === untilAt?.getTime(),
    );
    if (same) return { code: same.code };
    if (given.length >= mostCodes) return { refused: 'too-many' };
    const code = newCode();
    await tx.insert(records).values({
      id: newId('rec', now),
      userId: viewer.id,
      codeHash: hashSecret(code),
      sealedCode: seal('record-code', code),
      ...{ title, fromAt, untilAt, createdAt: now },
    });
    return { code };
  });
}

/** Withdraws the viewer’s code: from now on it shows nothing. Does nothing for one that is withdrawn or not theirs. */
export async function withdrawCode(
  { db, now }: Ctx,
  viewer: { id: Id<'usr'> },
  recordId: string,
): Promise<void> {
  await db.write((tx) =>
    tx
      .update(records)
      .set({ withdrawnAt: now, sealedCode: null })
      .where(
        and(
          eq(records.id, recordId as Id<'rec'>),
          eq(records.userId, viewer.id),
          isNull(records.withdrawnAt),
        ),
      ),
  );
}

/** What anyone sees who checks a code. `withdrawn` says no more than that. */
export type CheckedRecord =
  | (DevelopmentRecord & { title: string; givenAt: Date; code: string })
  | 'withdrawn';

/**
 * The record behind a code, as it is known today; undefined for a code that there is not, and for a user who is suspended or
 * about to be erased. Takes a code as people type it: any case, with or without hyphens. At most 3 queries.
 */
export async function checkCode(read: Reads, typed: string): Promise<CheckedRecord | undefined> {
  const code = codeFrom(typed);
  if (!code) return undefined;
  const [row] = await read
    .select({
      userId: records.userId,
      title: records.title,
      fromAt: records.fromAt,
      untilAt: records.untilAt,
      createdAt: records.createdAt,
      withdrawnAt: records.withdrawnAt,
    })
    .from(records)
    .innerJoin(users, eq(users.id, records.userId))
    .where(
      and(eq(records.codeHash, hashSecret(code)), isNull(users.suspendedAt), isNull(users.erasureDueAt)),
    );
  if (!row) return undefined;
  if (row.withdrawnAt) return 'withdrawn';
  const record = await developmentRecord(read, row.userId, row);
  return record && { ...record, title: row.title, givenAt: row.createdAt, code };
}

/** Crockford’s alphabet: no letter that looks like a digit, so that a code can be read from paper. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const length = 26;

/** 130 random bits in 26 letters and digits, in groups: `7KQ2M-…`. */
function newCode(): string {
  const characters = [...randomBytes(length)].map((byte) => letters[byte % letters.length]).join('');
  return inGroups(characters);
}

const inGroups = (characters: string) => characters.match(/.{1,5}/g)!.join('-');

function codeFrom(typed: string): string | undefined {
  const characters = typed.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0');
  return characters.length === length && [...characters].every((each) => letters.includes(each))
    ? inGroups(characters)
    : undefined;
}
