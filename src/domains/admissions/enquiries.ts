import { and, eq, gt } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { enquiries, enquiryNotes } from '#db/schema/admissions.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { normaliseAddress } from '../accounts/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { enquiryReceived } from './emails/enquiry-received.ts';
import { enquiryReply } from './emails/enquiry-reply.ts';
import type { EnquiryState, EnquiryTopic } from './model.ts';
import { digestOf, onceADay } from './once.ts';

export type NewEnquiry = {
  name: string;
  email: string;
  topic: EnquiryTopic;
  organisation: string;
  /** ISO 3166-1 alpha-2, or empty. */
  country: string;
  staffCount: number | null;
  message: string;
};

/**
 * Puts an enquiry into the queue of staff and answers by mail, at most once a day to an address. The same form sent again
 * on the same day changes nothing.
 */
export async function receiveEnquiry(ctx: Ctx, enquiry: NewEnquiry): Promise<void> {
  const { now } = ctx;
  const email = normaliseAddress(enquiry.email);
  const digest = digestOf(now, [{ ...enquiry, email }]);
  await ctx.db.write(async (tx) => {
    if (await tx.$count(enquiries, eq(enquiries.digest, digest))) return;
    const id = newId('enq', now);
    await tx
      .insert(enquiries)
      .values({ ...enquiry, id, email, digest, state: 'new', createdAt: now, updatedAt: now });
    await enqueueMail(tx, now, {
      kind: 'enquiry-received',
      dedupeKey: onceADay('enquiry-received', email, now),
      to: email,
      content: enquiryReceived(),
    });
  });
}

/** Puts an enquiry into a state. Harmless when it is there. Audited. */
export function setEnquiryState(
  ctx: Ctx,
  actorId: Id<'usr'>,
  id: string,
  state: EnquiryState,
): Promise<'done' | 'unknown'> {
  return ctx.db.write(async (tx) => {
    const enquiry = await findEnquiry(tx, id);
    if (!enquiry) return 'unknown';
    await move(tx, ctx.now, actorId, enquiry, state);
    return 'done';
  });
}

/** Adds a note that only staff see. The same one again within ten minutes is a second press and changes nothing. Audited. */
export function addEnquiryNote(
  ctx: Ctx,
  actorId: Id<'usr'>,
  id: string,
  body: string,
): Promise<'done' | 'unknown'> {
  return ctx.db.write(async (tx) => {
    const enquiry = await findEnquiry(tx, id);
    if (!enquiry) return 'unknown';
    await addNote(tx, ctx.now, actorId, enquiry.id, 'note', body);
    return 'done';
  });
}

/**
 * Mails the enquirer an answer in the name of a member of staff, keeps it beside the enquiry, and marks that as answered.
 * The same answer again within ten minutes is a second press and changes nothing. Audited.
 */
export function replyToEnquiry(
  ctx: Ctx,
  staff: { id: Id<'usr'>; name: string },
  id: string,
  body: string,
): Promise<'done' | 'unknown'> {
  const { now } = ctx;
  return ctx.db.write(async (tx) => {
    const enquiry = await findEnquiry(tx, id);
    if (!enquiry) return 'unknown';
    const noteId = await addNote(tx, now, staff.id, enquiry.id, 'reply', body);
    if (!noteId) return 'done';
    await move(tx, now, staff.id, enquiry, 'answered');
    const { name, email, topic, createdAt } = enquiry;
    // No Reply-To: mails come from EMAIL_FROM, and an answer goes back there.
    await enqueueMail(tx, now, {
      kind: 'enquiry-reply',
      dedupeKey: `enquiry-reply:${noteId}`,
      to: email,
      content: enquiryReply({ name, topic, askedAt: createdAt, staffName: staff.name, body }),
    });
    return 'done';
  });
}

type Enquiry = {
  id: Id<'enq'>;
  name: string;
  email: string;
  topic: EnquiryTopic;
  state: EnquiryState;
  createdAt: Date;
};

async function findEnquiry(tx: Tx, id: string): Promise<Enquiry | undefined> {
  const [row] = await tx
    .select({
      id: enquiries.id,
      name: enquiries.name,
      email: enquiries.email,
      topic: enquiries.topic,
      state: enquiries.state,
      createdAt: enquiries.createdAt,
    })
    .from(enquiries)
    .where(eq(enquiries.id, id as Id<'enq'>));
  return row;
}

async function move(
  tx: Tx,
  now: Date,
  actorId: Id<'usr'>,
  { id, state: from }: Enquiry,
  state: EnquiryState,
): Promise<void> {
  if (from === state) return;
  await tx.update(enquiries).set({ state, updatedAt: now }).where(eq(enquiries.id, id));
  await recordAuditEvent(tx, {
    at: now,
    actorId,
    action: 'enquiry.moved',
    subjectType: 'enquiry',
    subjectId: id,
    detail: { from, to: state },
  });
}

const secondPressMs = 10 * 60_000;

/** Keeps a note or reply and returns its id; undefined when the same person wrote the same a moment ago. */
async function addNote(
  tx: Tx,
  now: Date,
  authorId: Id<'usr'>,
  enquiryId: Id<'enq'>,
  kind: 'note' | 'reply',
  body: string,
): Promise<Id<'ent'> | undefined> {
  const same = and(
    eq(enquiryNotes.enquiryId, enquiryId),
    eq(enquiryNotes.kind, kind),
    eq(enquiryNotes.authorId, authorId),
    eq(enquiryNotes.body, body),
    gt(enquiryNotes.createdAt, new Date(now.getTime() - secondPressMs)),
  );
  if (await tx.$count(enquiryNotes, same)) return undefined;
  const id = newId('ent', now);
  await tx.insert(enquiryNotes).values({ id, enquiryId, kind, authorId, body, createdAt: now });
  await tx.update(enquiries).set({ updatedAt: now }).where(eq(enquiries.id, enquiryId));
  await recordAuditEvent(tx, {
    at: now,
    actorId: authorId,
    action: kind === 'reply' ? 'enquiry.answered' : 'enquiry.noted',
    subjectType: 'enquiry',
    subjectId: enquiryId,
    detail: { noteId: id },
  });
  return id;
}
