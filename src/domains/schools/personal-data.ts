import { eq, inArray } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { activationLinks, invitations, samOffers, schools, signUps } from '#db/schema/schools.ts';
import type { Id } from '../../platform/ids.ts';
import type { Person } from '../accounts/personal-data.ts';

/** What schools keep about somebody: invitations and offers to their addresses, and profile forms that were never verified. */
export async function personalSchools(read: Reads, { addresses }: Person) {
  const invited = await read
    .select({
      schoolName: schools.name,
      email: invitations.email,
      name: invitations.name,
      createdAt: invitations.createdAt,
      lastSentAt: invitations.lastSentAt,
      sentCount: invitations.sentCount,
      activatedAt: invitations.activatedAt,
      withdrawnAt: invitations.withdrawnAt,
    })
    .from(invitations)
    .innerJoin(schools, eq(schools.id, invitations.schoolId))
    .where(inArray(invitations.email, addresses));
  const offers = await read
    .select({
      schoolName: schools.name,
      email: samOffers.email,
      name: samOffers.name,
      createdAt: samOffers.createdAt,
      lastSentAt: samOffers.lastSentAt,
      acceptedAt: samOffers.acceptedAt,
      withdrawnAt: samOffers.withdrawnAt,
    })
    .from(samOffers)
    .innerJoin(schools, eq(schools.id, samOffers.schoolId))
    .where(inArray(samOffers.email, addresses));
  const forms = await read
    .select({
      schoolName: schools.name,
      email: signUps.email,
      name: signUps.name,
      profile: signUps.profile,
      hasPicture: signUps.pictureId,
      codeOfConductVersion: signUps.codeOfConductVersion,
      createdAt: signUps.createdAt,
      expiresAt: signUps.expiresAt,
    })
    .from(signUps)
    .innerJoin(schools, eq(schools.id, signUps.schoolId))
    .where(inArray(signUps.email, addresses));
  return {
    invitations: invited,
    samOffers: offers,
    unverifiedForms: forms.map((form) => ({ ...form, hasPicture: form.hasPicture !== null })),
  };
}

/**
 * Deletes invitations, offers and profile forms to these addresses, and the user’s id from what they did for a school.
 * Returns the pictures of the deleted forms, whose files the caller removes once this is kept.
 */
export async function eraseSchools(tx: Tx, { userId, addresses }: Person): Promise<Id<'pic'>[]> {
  const forms = await tx
    .delete(signUps)
    .where(inArray(signUps.email, addresses))
    .returning({ pictureId: signUps.pictureId });
  await tx.delete(invitations).where(inArray(invitations.email, addresses));
  await tx.delete(samOffers).where(inArray(samOffers.email, addresses));
  await tx.update(invitations).set({ invitedById: null }).where(eq(invitations.invitedById, userId));
  await tx.update(samOffers).set({ offeredById: null }).where(eq(samOffers.offeredById, userId));
  await tx.update(activationLinks).set({ createdById: null }).where(eq(activationLinks.createdById, userId));
  return forms.flatMap(({ pictureId }) => (pictureId ? [pictureId] : []));
}
