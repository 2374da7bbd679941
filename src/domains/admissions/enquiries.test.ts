import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { listView } from '../../lib/paging.ts';
import type { Ctx } from '../../platform/context.ts';
import { unseal } from '../../platform/seal.ts';
import {
  addEnquiryNote,
  type NewEnquiry,
  receiveEnquiry,
  replyToEnquiry,
  setEnquiryState,
} from './enquiries.ts';
import { enquiriesPage, enquiryCounts, enquirySorts, enquiryView } from './queries.ts';

const now = new Date('2026-11-21T09:30:00Z');
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

const lakeside: NewEnquiry = {
  name: '陳 Rosa',
  email: 'rosa@lakeside.example.test',
  topic: 'school',
  organisation: 'Lakeside School',
  country: 'TH',
  staffCount: 120,
  message: 'What does it cost for us?\n\nSee win-a-prize.example',
};

const context = async () => ({ db: await useDatabase(), now });
const list = (query = '') => listView(new URLSearchParams(query), enquirySorts, '-received');

async function mails({ db }: Ctx) {
  const queued = await db.read.select().from(outbox).orderBy(sql`rowid`);
  return queued.map(({ to, subject, sealedBody }) => ({
    to,
    subject,
    ...(JSON.parse(unseal('mail-body', sealedBody!)!) as { text: string; html: string }),
  }));
}

async function received(ctx: Ctx, changes: Partial<NewEnquiry> = {}) {
  await receiveEnquiry(ctx, { ...lakeside, ...changes });
  return (await enquiriesPage(ctx.db.read, list(), undefined)).rows[0]!.id;
}

test('an enquiry is kept as it was sent and answered by a mail that repeats none of it', async () => {
  const ctx = await context();
  const id = await received(ctx);
  expect(await enquiryView(ctx.db.read, id)).toMatchObject({ ...lakeside, state: 'new', notes: [] });
  const [mail] = await mails(ctx);
  expect(mail?.subject).toBe('We have your message');
  for (const typed of ['Rosa', 'Lakeside', 'prize']) expect(JSON.stringify(mail)).not.toContain(typed);
});

test('the same form sent twice is one enquiry; another one from the address is kept without another mail', async () => {
  const ctx = await context();
  await Promise.all([1, 2].map(() => receiveEnquiry(ctx, lakeside)));
  await receiveEnquiry(ctx, { ...lakeside, message: 'One more thing' });
  expect((await enquiriesPage(ctx.db.read, list(), undefined)).total).toBe(2);
  expect(await mails(ctx)).toHaveLength(1);
  await received({ ...ctx, now: later(24 * 60) }, { message: 'And tomorrow' });
  expect(await mails(ctx)).toHaveLength(2);
});

test('a reply goes to the enquirer in the name of staff, is kept, and marks the enquiry as answered', async () => {
  const ctx = await context();
  const staff = await addUser(ctx.db, now, { name: 'Ines Halvorsen', roles: [['staff']] });
  const id = await received(ctx);
  expect(await replyToEnquiry(ctx, staff, id, 'Thank you.\nIt costs <b>less</b> than you think.')).toBe(
    'done',
  );
  const mail = (await mails(ctx)).at(-1)!;
  expect(mail).toMatchObject({ to: lakeside.email, subject: 'Our answer: Membership for a school' });
  expect(mail.text).toContain('Hello 陳 Rosa,');
  expect(mail.text).toContain('Ines Halvorsen');
  expect(mail.html).toContain('&lt;b&gt;less&lt;/b&gt;');
  expect(await enquiryView(ctx.db.read, id)).toMatchObject({
    state: 'answered',
    notes: [{ kind: 'reply', authorName: 'Ines Halvorsen' }],
  });
});

test('a reply or note that is sent by a second press is there once', async () => {
  const ctx = await context();
  const staff = await addUser(ctx.db, now, { roles: [['staff']] });
  const id = await received(ctx);
  await Promise.all([1, 2].map(() => replyToEnquiry(ctx, staff, id, 'Thank you.')));
  await Promise.all([1, 2].map(() => addEnquiryNote({ ...ctx, now: later(1) }, staff.id, id, 'Thank you.')));
  expect((await enquiryView(ctx.db.read, id))?.notes.map(({ kind }) => kind)).toEqual(['reply', 'note']);
  expect(await mails(ctx)).toHaveLength(2);
  await addEnquiryNote({ ...ctx, now: later(12) }, staff.id, id, 'Thank you.');
  expect((await enquiryView(ctx.db.read, id))?.notes).toHaveLength(3);
});

test('a note is for staff: no mail tells of it, and the state stays', async () => {
  const ctx = await context();
  const staff = await addUser(ctx.db, now, { roles: [['staff']] });
  const id = await received(ctx);
  await addEnquiryNote(ctx, staff.id, id, 'Rang them.');
  expect(await mails(ctx)).toHaveLength(1);
  expect((await enquiryView(ctx.db.read, id))?.state).toBe('new');
});

test('each change of state is in the audit log once, and no word that anybody wrote', async () => {
  const ctx = await context();
  const staff = await addUser(ctx.db, now);
  const id = await received(ctx);
  for (const state of ['in-progress', 'in-progress', 'closed', 'new'] as const)
    expect(await setEnquiryState(ctx, staff.id, id, state)).toBe('done');
  await replyToEnquiry(ctx, staff, id, 'Secret reply');
  const events = await ctx.db.read.select().from(auditEvents).orderBy(auditEvents.position);
  expect(events.map(({ action }) => action)).toEqual([
    ...Array(3).fill('enquiry.moved'),
    'enquiry.answered',
    'enquiry.moved',
  ]);
  expect(JSON.stringify(events)).not.toMatch(/Secret|Rosa|Lakeside/);
});

test('an enquiry that does not exist is unknown to every act', async () => {
  const ctx = await context();
  const staff = await addUser(ctx.db, now);
  expect(await setEnquiryState(ctx, staff.id, 'enq_x', 'closed')).toBe('unknown');
  expect(await addEnquiryNote(ctx, staff.id, 'enq_x', 'x')).toBe('unknown');
  expect(await replyToEnquiry(ctx, staff, 'enq_x', 'x')).toBe('unknown');
  expect(await enquiryView(ctx.db.read, 'enq_x')).toBeUndefined();
});

test('staff find enquiries by words and state', async () => {
  const ctx = await context();
  const id = await received(ctx);
  await received(
    { ...ctx, now: later(1) },
    { email: 'p@example.test', organisation: '', message: '100% sure' },
  );
  await setEnquiryState(ctx, (await addUser(ctx.db, now)).id, id, 'closed');
  const found = async (query: string, state?: 'closed') =>
    (await enquiriesPage(ctx.db.read, list(query), state)).total;
  expect(await found('q=lakeside+cost')).toBe(1);
  expect(await found('q=100%25')).toBe(1);
  expect(await found('', 'closed')).toBe(1);
  expect(await enquiryCounts(ctx.db.read)).toEqual({ new: 1, closed: 1 });
});
