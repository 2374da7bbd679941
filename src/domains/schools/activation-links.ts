import { and, eq, isNull } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { activationLinks, schools } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { seal, unseal } from '../../platform/seal.ts';
import { hashSecret, isSecret, newSecret } from '../../platform/tokens.ts';
import { recordAuditEvent } from '../audit/record.ts';
import type { LinkEnd } from './model.ts';
import { type SchoolView, samNames, schoolNames } from './queries.ts';

/** The address that a school hands to its staff. */
const activationUrl = (secret: string) => `${env.siteUrl}/activate/${secret}`;

/**
 * Makes the school’s activation link and returns its secret: found again by its SHA-256, and kept encrypted so that the SAM
 * can copy it. Audited. Throws when the school has an open one: end that first, in the same transaction.
 */
export async function issueActivationLink(
  tx: Tx,
  now: Date,
  schoolId: Id<'sch'>,
  actorId: Id<'usr'> | null,
): Promise<string> {
  const secret = newSecret();
  const id = newId('lnk', now);
  await tx.insert(activationLinks).values({
    id,
    schoolId,
    tokenHash: hashSecret(secret),
    sealedToken: seal('activation-link', secret),
    createdAt: now,
    createdById: actorId,
  });
  await record(tx, now, 'activation-link.made', schoolId, actorId, id);
  return secret;
}

/** Replaces the school’s open link, or makes one where it has none. The old one says that it was replaced. Audited. */
export function rotateActivationLink(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
): Promise<'made' | 'unknown'> {
  return ctx.db.write(async (tx) => {
    const [school] = await schoolNames(tx, [schoolId]);
    if (!school) return 'unknown';
    await endOpenLink(tx, ctx.now, school.id, actorId, 'rotated');
    await issueActivationLink(tx, ctx.now, school.id, actorId);
    return 'made';
  });
}

/** Ends the school’s open link without a new one; does nothing where it has none. Audited. */
export async function revokeActivationLink(ctx: Ctx, actorId: Id<'usr'>, schoolId: string): Promise<void> {
  await ctx.db.write((tx) => endOpenLink(tx, ctx.now, schoolId as Id<'sch'>, actorId, 'revoked'));
}

/** A link that works, or one that says why it does not. */
export type FoundActivationLink =
  | { state: 'open'; linkId: Id<'lnk'>; school: SchoolView }
  | { state: LinkEnd; school: SchoolView };

/** The link with this secret and its school; undefined when there never was one. Whether people may join says the school. */
export async function findActivationLink(
  read: Reads,
  secret: string,
): Promise<FoundActivationLink | undefined> {
  if (!isSecret(secret)) return undefined;
  const [row] = await read
    .select({
      linkId: activationLinks.id,
      endReason: activationLinks.endReason,
      id: schools.id,
      name: schools.name,
      city: schools.city,
      country: schools.country,
      timeZone: schools.timeZone,
    })
    .from(activationLinks)
    .innerJoin(schools, eq(schools.id, activationLinks.schoolId))
    .where(eq(activationLinks.tokenHash, hashSecret(secret)));
  if (!row) return undefined;
  const { linkId, endReason, ...about } = row;
  const school = { ...about, samNames: await samNames(read, about.id) };
  return endReason ? { state: endReason, school } : { state: 'open', linkId, school };
}

/** The school’s open link, for whoever may hand it out. */
export type OpenActivationLink = {
  /** Undefined when it was kept under another APP_SECRET: it still works, but can only be replaced. */
  url: string | undefined;
  createdAt: Date;
};

/** The school’s open link; undefined when it has none. */
export async function openActivationLink(
  read: Reads,
  schoolId: Id<'sch'>,
): Promise<OpenActivationLink | undefined> {
  const [row] = await read
    .select({ sealedToken: activationLinks.sealedToken, createdAt: activationLinks.createdAt })
    .from(activationLinks)
    .where(and(eq(activationLinks.schoolId, schoolId), isNull(activationLinks.endedAt)));
  if (!row) return undefined;
  const secret = row.sealedToken ? unseal('activation-link', row.sealedToken) : undefined;
  return { url: secret ? activationUrl(secret) : undefined, createdAt: row.createdAt };
}

async function endOpenLink(tx: Tx, now: Date, schoolId: Id<'sch'>, actorId: Id<'usr'>, endReason: LinkEnd) {
  const [ended] = await tx
    .update(activationLinks)
    .set({ endedAt: now, endReason, sealedToken: null })
    .where(and(eq(activationLinks.schoolId, schoolId), isNull(activationLinks.endedAt)))
    .returning({ id: activationLinks.id });
  if (ended) await record(tx, now, `activation-link.${endReason}`, schoolId, actorId, ended.id);
}

async function record(
  tx: Tx,
  at: Date,
  action: 'activation-link.made' | `activation-link.${LinkEnd}`,
  schoolId: Id<'sch'>,
  actorId: Id<'usr'> | null,
  linkId: Id<'lnk'>,
) {
  await recordAuditEvent(tx, {
    at,
    actorId,
    action,
    subjectType: 'school',
    subjectId: schoolId,
    detail: { linkId },
  });
}
