import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { tokens } from '#db/schema/accounts.ts';
import { hashSecret, isSecret, newSecret } from '../../platform/tokens.ts';
import { type TokenProblem, type TokenPurpose, tokenLifetimesMs } from './model.ts';

/** What a link from a mail is about. */
export type TokenSubject = { purpose: TokenPurpose; subjectId: string; email: string };

/**
 * A new link’s secret for `subject`; only its hash is kept. It works once, until its purpose’s lifetime is over, and every
 * earlier one for the same purpose and subject stops working.
 */
export async function issueToken(tx: Tx, now: Date, subject: TokenSubject): Promise<string> {
  await revokeTokens(tx, now, subject.purpose, subject.subjectId);
  const secret = newSecret();
  await tx.insert(tokens).values({
    tokenHash: hashSecret(secret),
    ...subject,
    createdAt: now,
    expiresAt: new Date(now.getTime() + tokenLifetimesMs[subject.purpose]),
  });
  return secret;
}

/** What `secret` is about, without using it; or why it does nothing. `subject` is known also of links that are over. */
export async function lookUpToken(
  read: Reads,
  now: Date,
  secret: string,
): Promise<{ problem?: TokenProblem; subject?: TokenSubject }> {
  if (!isSecret(secret)) return { problem: 'malformed' };
  const [row] = await read
    .select({
      purpose: tokens.purpose,
      subjectId: tokens.subjectId,
      email: tokens.email,
      expiresAt: tokens.expiresAt,
      usedAt: tokens.usedAt,
      revokedAt: tokens.revokedAt,
    })
    .from(tokens)
    .where(eq(tokens.tokenHash, hashSecret(secret)));
  if (!row) return { problem: 'unknown' };
  const { purpose, subjectId, email } = row;
  const subject = { purpose, subjectId, email };
  if (row.usedAt) return { problem: 'used', subject };
  if (row.revokedAt) return { problem: 'revoked', subject };
  if (row.expiresAt <= now) return { problem: 'expired', subject };
  return { subject };
}

/** Uses `secret` up, if it is for `purpose` and still works, and returns what it is about. Of many at once one succeeds. */
export async function redeemToken(
  tx: Tx,
  now: Date,
  purpose: TokenPurpose,
  secret: string,
): Promise<TokenSubject | undefined> {
  const [row] = await tx
    .update(tokens)
    .set({ usedAt: now })
    .where(
      and(
        eq(tokens.tokenHash, hashSecret(secret)),
        eq(tokens.purpose, purpose),
        isNull(tokens.usedAt),
        isNull(tokens.revokedAt),
        gt(tokens.expiresAt, now),
      ),
    )
    .returning({ purpose: tokens.purpose, subjectId: tokens.subjectId, email: tokens.email });
  return row;
}

/** Makes the open links for this purpose and subject stop working. */
export async function revokeTokens(
  tx: Tx,
  now: Date,
  purpose: TokenPurpose,
  subjectId: string,
): Promise<void> {
  await tx
    .update(tokens)
    .set({ revokedAt: now })
    .where(
      and(
        eq(tokens.purpose, purpose),
        eq(tokens.subjectId, subjectId),
        isNull(tokens.usedAt),
        isNull(tokens.revokedAt),
      ),
    );
}

/** Forgets links that ended more than thirty days ago; until then they can say why they do nothing. */
export async function purgeTokens(tx: Tx, now: Date): Promise<void> {
  await tx.delete(tokens).where(lt(tokens.expiresAt, new Date(now.getTime() - 30 * 24 * 3_600_000)));
}

/** How many links of this purpose and subject are open. */
export async function openTokenCount(
  read: Reads,
  now: Date,
  purpose: TokenPurpose,
  subjectId: string,
): Promise<number> {
  const [row] = await read
    .select({ count: sql<number>`count(*)` })
    .from(tokens)
    .where(
      and(
        eq(tokens.purpose, purpose),
        eq(tokens.subjectId, subjectId),
        isNull(tokens.usedAt),
        isNull(tokens.revokedAt),
        gt(tokens.expiresAt, now),
      ),
    );
  return row?.count ?? 0;
}
