import { asc, eq, inArray } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { applications, coupons, enquiries, enquiryNotes } from '#db/schema/admissions.ts';
import type { Person } from '../accounts/personal-data.ts';

/** What somebody sent by the forms for applications and enquiries, what was answered, and what staff noted about it. */
export async function personalAdmissions(read: Reads, { addresses }: Person) {
  const applied = await read
    .select({
      name: applications.name,
      email: applications.email,
      jobTitle: applications.jobTitle,
      workplace: applications.workplace,
      country: applications.country,
      timeZone: applications.timeZone,
      communities: applications.communities,
      message: applications.message,
      codeOfConductVersion: applications.codeOfConductVersion,
      couponCode: coupons.code,
      price: applications.price,
      currency: applications.currency,
      state: applications.state,
      acceptNote: applications.acceptNote,
      declineReason: applications.declineReason,
      paymentNote: applications.paymentNote,
      decidedAt: applications.decidedAt,
      paidAt: applications.paidAt,
      setUpSentAt: applications.setUpSentAt,
      createdAt: applications.createdAt,
      updatedAt: applications.updatedAt,
    })
    .from(applications)
    .leftJoin(coupons, eq(coupons.id, applications.couponId))
    .where(inArray(applications.email, addresses))
    .orderBy(asc(applications.createdAt));
  const asked = await read
    .select({
      id: enquiries.id,
      name: enquiries.name,
      email: enquiries.email,
      topic: enquiries.topic,
      organisation: enquiries.organisation,
      country: enquiries.country,
      staffCount: enquiries.staffCount,
      message: enquiries.message,
      state: enquiries.state,
      createdAt: enquiries.createdAt,
      updatedAt: enquiries.updatedAt,
    })
    .from(enquiries)
    .where(inArray(enquiries.email, addresses))
    .orderBy(asc(enquiries.createdAt));
  const ids = asked.map(({ id }) => id);
  const notes = await read
    .select({
      enquiryId: enquiryNotes.enquiryId,
      kind: enquiryNotes.kind,
      body: enquiryNotes.body,
      createdAt: enquiryNotes.createdAt,
    })
    .from(enquiryNotes)
    .where(inArray(enquiryNotes.enquiryId, ids))
    .orderBy(asc(enquiryNotes.createdAt));
  return {
    applications: applied,
    enquiries: asked.map(({ id, ...enquiry }) => ({
      ...enquiry,
      repliesAndNotes: notes
        .filter(({ enquiryId }) => enquiryId === id)
        .map(({ enquiryId: _, ...note }) => note),
    })),
  };
}

/** Deletes applications and enquiries from these addresses with all notes on them, and the user’s id from their work as staff. */
export async function eraseAdmissions(tx: Tx, { userId, addresses }: Person): Promise<void> {
  await tx.delete(applications).where(inArray(applications.email, addresses));
  await tx.delete(enquiries).where(inArray(enquiries.email, addresses));
  await tx.update(applications).set({ decidedById: null }).where(eq(applications.decidedById, userId));
  await tx.update(enquiryNotes).set({ authorId: null }).where(eq(enquiryNotes.authorId, userId));
  await tx.update(coupons).set({ createdById: null }).where(eq(coupons.createdById, userId));
}
