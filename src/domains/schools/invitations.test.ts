import { and, eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { tokens } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { invitations, schools } from '#db/schema/schools.ts';
import { filledIn, mailCount, newestMail, signedUp, useSchool } from '../../../tests/activation.ts';
import { addUser } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import { activationStatus, findActivation, signUp } from './activation.ts';
import { readList } from './invitation-list.ts';
import {
  invitationsOf,
  markInvitationsActivated,
  previewInvitations,
  resendInvitation,
  schoolForInviting,
  sendInvitations,
  withdrawInvitation,
} from './invitations.ts';
import { schoolForJoining } from './queries.ts';
import { confirmSignUp, findVerification } from './sign-ups.ts';

const hour = 3_600_000;
const day = 24 * hour;
const ana = 'ana@lotus.example.test';
const bo = 'bo@lotus.example.test';

async function useSam(given: Partial<typeof schools.$inferInsert> = {}) {
  const { ctx, schoolId, secret: link } = await useSchool(given);
  const sam = await addUser(ctx.db, ctx.now, {
    email: 'mira@lotus.example.test',
    name: 'Mira Sample',
    roles: [
      ['sam', schoolId],
      ['member', schoolId],
    ],
  });
  const actor = { id: sam.id, invitedBy: sam.name };
  const preview = async (list: string, at = ctx) =>
    previewInvitations(at, (await schoolForJoining(at.db.read, schoolId, at.now))!, readList(list));
  const problems = async (list: string, at = ctx) => {
    const result = await preview(list, at);
    if ('refused' in result) throw new Error(result.refused);
    return result.lines.map(({ problem }) => problem);
  };
  const send = (list: string, at = ctx) => sendInvitations(at, actor, schoolId, list);
  const waiting = (at = ctx) => invitationsOf(at.db.read, schoolId);
  const linkOf = async (email: string) => (await newestMail(ctx.db, email)).secret;
  return { ctx, schoolId, link, sam, actor, preview, problems, send, waiting, linkOf };
}

describe('the preview of a list', () => {
  test('says line by line what is wrong; nothing is written and nothing is sent', async () => {
    const { ctx, problems, sam, send } = await useSam({ emailDomains: ['lotus.example.test'] });
    await send(bo);
    const before = await ctx.db.dump();
    const list = [ana, 'Ana', ana, 'ana@elsewhere.example.test', sam.email, bo].join('\n');
    expect(await problems(list)).toEqual([
      undefined,
      'no-address',
      'twice',
      'other-domain',
      'joined',
      'invited',
    ]);
    expect(await ctx.db.dump()).toBe(before);
  });

  test('tells nothing of people elsewhere: a user of another school looks like nobody', async () => {
    const { ctx, problems } = await useSam();
    await addUser(ctx.db, ctx.now, { email: ana, roles: [['member', 'sch_other']] });
    await addUser(ctx.db, ctx.now, { email: bo, roles: [['staff'], ['member', '']] });
    expect(await problems(`${ana}\n${bo}\nnobody@lotus.example.test`)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('offers no more places than there are, those of open invitations taken off', async () => {
    const { ctx, problems, send } = await useSam({ seatLimit: 4 });
    expect(await problems(['a', 'b', 'c', 'd'].map((name) => `${name}@x.example.test`).join('\n'))).toEqual([
      undefined,
      undefined,
      undefined,
      'no-seat',
    ]);
    await send(`${ana}\n${bo}`);
    expect(await problems('a@x.example.test\nb@x.example.test')).toEqual([undefined, 'no-seat']);
    expect(await problems('a@x.example.test\nb@x.example.test', ctx.later(31 * day))).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('refuses more than five hundred people, and any list while nobody may join', async () => {
    const { ctx, preview, send, schoolId } = await useSam();
    const many = Array.from({ length: 501 }, (_, at) => `p${at}@x.example.test`).join('\n');
    expect(await preview(many)).toEqual({ refused: 'too-many-people', count: 501 });
    expect(await send(many)).toEqual({ refused: 'too-many-people', count: 501 });
    await ctx.db.write((tx) => tx.update(schools).set({ pausedAt: ctx.now }).where(eq(schools.id, schoolId)));
    expect(await preview(ana)).toEqual({ refused: 'paused' });
    expect(await send(ana)).toEqual({ refused: 'paused' });
    expect(await ctx.db.read.$count(outbox)).toBe(0);
  });
});

describe('sending', () => {
  test('invites everybody on the previewed list by an optional mail of their own, and is audited', async () => {
    const { ctx, schoolId, sam, preview, send, waiting } = await useSam();
    const shown = await preview(`Ana "Annie" Sample <${ana}>\nnonsense\n小梅，${bo}`);
    if ('refused' in shown) throw new Error(shown.refused);
    expect(await send(shown.list)).toEqual({ sent: 2 });
    expect(await waiting()).toMatchObject([
      {
        email: ana,
        name: 'Ana "Annie" Sample',
        createdAt: ctx.now,
        expiresAt: new Date(ctx.now.getTime() + 30 * day),
      },
      { email: bo, name: '小梅' },
    ]);
    const { text, kind } = await newestMail(ctx.db, ana);
    expect(kind).toBe('invitation');
    for (const words of ['Lotus Bay School', 'Mira Sample', '/activate/', '/unsubscribe/'])
      expect(text).toContain(words);
    const [mail] = await ctx.db.read
      .select({ optional: outbox.optional })
      .from(outbox)
      .where(eq(outbox.to, ana));
    expect(mail?.optional).toBe(true);
    const [event] = await ctx.db.read
      .select({ actorId: auditEvents.actorId, detail: auditEvents.detail })
      .from(auditEvents)
      .where(and(eq(auditEvents.subjectId, schoolId), eq(auditEvents.action, 'invitations.sent')));
    expect(event).toEqual({ actorId: sam.id, detail: { count: 2 } });
  });

  test('is all or nothing: with one bad line nobody is invited, and the new preview comes back', async () => {
    const { ctx, send, waiting } = await useSam();
    const good = Array.from({ length: 400 }, (_, at) => `p${at}@x.example.test`);
    expect(await send([...good, 'nonsense'].join('\n'))).toMatchObject({ preview: { ready: 400 } });
    expect(await waiting()).toEqual([]);
    expect(await ctx.db.read.$count(outbox)).toBe(0);
  });

  test('twice at once invites once', async () => {
    const { ctx, send } = await useSam();
    const results = await Promise.all([send(ana), send(ana)]);
    expect(results).toContainEqual({ sent: 1 });
    expect(results).toContainEqual({ preview: expect.objectContaining({ ready: 0 }) });
    expect(await mailCount(ctx.db, 'invitation', ana)).toBe(1);
  });

  test('five hundred people lets others be served meanwhile', async () => {
    const { send, waiting } = await useSam();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const list = Array.from({ length: 500 }, (_, at) => `Person ${at} <p${at}@x.example.test>`).join('\n');
    expect(await send(list)).toEqual({ sent: 500 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
    expect(await waiting()).toHaveLength(500);
  });

  test('reaches nobody through a school that is not there', async () => {
    const { ctx, actor } = await useSam();
    expect(await sendInvitations(ctx, actor, 'sch_unknown', ana)).toBe('no-school');
    expect(await sendInvitations(ctx, actor, 'sch_unknown', '')).toMatchObject({ refused: 'empty' });
  });
});

describe('an invitation', () => {
  test('opens the form of the school with name and address in it', async () => {
    const { ctx, send, linkOf } = await useSam();
    await send(`Ana Sample <${ana}>`);
    expect(await findActivation(ctx, await linkOf(ana))).toMatchObject({
      state: 'open',
      school: { name: 'Lotus Bay School' },
      invitation: { email: ana, name: 'Ana Sample' },
    });
  });

  test.each([
    ['at the invited address', ana],
    ['at another address', 'ana.sample@lotus.example.test'],
  ])('ends when its sign-up is verified %s', async (_where, email) => {
    const { ctx, send, waiting, linkOf } = await useSam();
    await send(ana);
    const link = await linkOf(ana);
    const { browser, secret } = await signedUp(ctx, link, { email });
    expect(await waiting()).toHaveLength(1);
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toHaveProperty('userId');
    expect(await waiting()).toEqual([]);
    const found = await findActivation(ctx, link);
    expect(found).toMatchObject({ state: 'activated' });
    expect(activationStatus(found)).toBe(410);
    expect(await signUp(ctx, link, filledIn({ email: bo }))).toEqual({ refused: 'no-link' });
  });

  test('ends as well when the person joins by the school’s own link', async () => {
    const { ctx, link, send, waiting } = await useSam();
    await send(`${ana}\n${bo}`);
    const { browser, secret } = await signedUp(ctx, link, { email: ana });
    await confirmSignUp(ctx, secret, browser, undefined);
    expect(await waiting()).toMatchObject([{ email: bo }]);
  });

  test('lets one person in, not two', async () => {
    const { ctx, send, linkOf } = await useSam();
    await send(ana);
    const link = await linkOf(ana);
    const one = await signedUp(ctx, link, { email: ana });
    const two = await signedUp(ctx, link, { email: bo });
    expect(await confirmSignUp(ctx, one.secret, one.browser, undefined)).toHaveProperty('userId');
    expect(await confirmSignUp(ctx, two.secret, two.browser, undefined)).toEqual({ refused: 'not-now' });
    expect(await findVerification(ctx, two.secret, two.browser)).toMatchObject({
      state: 'closed',
      problem: 'invitation-activated',
    });
  });

  test('withdrawn says so, also to somebody who has not verified yet, and can be sent anew the next day', async () => {
    const { ctx, schoolId, sam, problems, send, waiting, linkOf } = await useSam();
    await send(ana);
    const link = await linkOf(ana);
    const { browser, secret } = await signedUp(ctx, link);
    const [open] = await waiting();
    expect(await withdrawInvitation(ctx, sam.id, schoolId, open!.id)).toBe('withdrawn');
    expect(await withdrawInvitation(ctx, sam.id, schoolId, open!.id)).toBe('not-found');
    expect(await waiting()).toEqual([]);
    expect(await findActivation(ctx, link)).toMatchObject({
      state: 'withdrawn',
      school: { samNames: ['Mira Sample'] },
    });
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toEqual({ refused: 'not-now' });
    expect(await findVerification(ctx, secret, browser)).toMatchObject({ problem: 'invitation-withdrawn' });
    expect(await problems(ana)).toEqual(['too-soon']);
    expect(await send(ana, ctx.later(day))).toEqual({ sent: 1 });
    expect(await findActivation(ctx.later(day), link)).toMatchObject({ state: 'replaced' });
  });

  test('is sent again at most once a day, and the earlier link says that there is a newer one', async () => {
    const { ctx, schoolId, actor, send, waiting, linkOf } = await useSam();
    await send(ana);
    const first = await linkOf(ana);
    const [open] = await waiting();
    const again = (ms: number) => resendInvitation(ctx.later(ms), actor, schoolId, open!.id);
    expect(await again(day - 1)).toEqual({ until: new Date(ctx.now.getTime() + day) });
    expect(await again(day)).toBe('sent');
    expect(await again(day + hour)).toEqual({ until: new Date(ctx.now.getTime() + 2 * day) });
    expect(await findActivation(ctx.later(day), first)).toMatchObject({ state: 'replaced' });
    expect(await findActivation(ctx.later(day), await linkOf(ana))).toMatchObject({ state: 'open' });
    expect(await waiting()).toMatchObject([{ sentCount: 2 }]);
  });

  test('expires after thirty days and says so', async () => {
    const { ctx, send, linkOf } = await useSam();
    await send(ana);
    const found = await findActivation(ctx.later(30 * day), await linkOf(ana));
    expect(found).toMatchObject({ state: 'expired', school: { name: 'Lotus Bay School' } });
    expect(activationStatus(found)).toBe(410);
  });

  test('of another school is not found, and stays as it is', async () => {
    const { ctx, actor, sam, send, waiting } = await useSam();
    const other = await useSchool({ name: 'Other School' }, ctx.db);
    await send(ana);
    const [open] = await waiting();
    expect(await resendInvitation(ctx.later(day), actor, other.schoolId, open!.id)).toBe('not-found');
    expect(await withdrawInvitation(ctx, sam.id, other.schoolId, open!.id)).toBe('not-found');
    expect(await waiting()).toHaveLength(1);
  });

  test('leaves no link in the database, and no open token once the person is in', async () => {
    const { ctx, schoolId, send, linkOf } = await useSam();
    await send(ana);
    expect(await ctx.db.dump()).not.toContain(await linkOf(ana));
    await ctx.db.write((tx) => markInvitationsActivated(tx, ctx.now, schoolId, ana));
    const [token] = await ctx.db.read.select({ revokedAt: tokens.revokedAt }).from(tokens);
    expect(token?.revokedAt).toEqual(ctx.now);
    const [row] = await ctx.db.read.select({ activatedAt: invitations.activatedAt }).from(invitations);
    expect(row?.activatedAt).toEqual(ctx.now);
  });
});

test('only the SAM of this very school, and staff, may invite', async () => {
  const { ctx, schoolId } = await useSam();
  const as = (...grants: Viewer['grants']) => ({ grants }) as Viewer;
  const allowed = async (viewer: Viewer | null) => Boolean(await schoolForInviting(ctx, viewer, schoolId));
  expect(await allowed(as({ role: 'sam', scopeId: schoolId }))).toBe(true);
  expect(await allowed(as({ role: 'staff', scopeId: '' }))).toBe(true);
  expect(await allowed(null)).toBe(false);
  expect(await allowed(as())).toBe(false);
  for (const role of ['member', 'host', 'ta', 'editor'] as const)
    expect(await allowed(as({ role, scopeId: schoolId }))).toBe(false);
  expect(await allowed(as({ role: 'sam', scopeId: 'sch_other' }))).toBe(false);
  const staff = as({ role: 'staff', scopeId: '' });
  expect(await schoolForInviting(ctx, staff, 'sch_unknown' as Id<'sch'>)).toBeUndefined();
});
