import { eq } from 'drizzle-orm';
import ICAL from 'ical.js';
import { describe, expect, inject, test } from 'vitest';
import { users } from '../../db/schema/accounts.ts';
import { liveSessions } from '../../db/schema/live-sessions.ts';
import { findLiveSession } from '../../src/domains/live-sessions/queries.ts';
import { tellAttendees } from '../../src/domains/live-sessions/rsvp-mails.ts';
import type { Id } from '../../src/platform/ids.ts';
import { newPage, useBrowser } from '../browser.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import {
  cookieOf,
  linkIn,
  mailTo,
  makeUser,
  password,
  signInAs,
  siteDb,
  type TestUser,
  usePortal,
} from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const slug = 'school-librarians';
const refusals = /the server responded with a status of (?:403|404|410|422)/;

/** Members of the community whose zone is neither the server’s nor China’s. */
async function membersInKathmandu(many: number): Promise<TestUser[]> {
  const db = await siteDb();
  const made: TestUser[] = [];
  for (let index = 0; index < many; index += 1) {
    const user = await makeUser([['member']]);
    await db.write((tx) => tx.update(users).set({ timeZone: 'Asia/Kathmandu' }).where(eq(users.id, user.id)));
    made.push(user);
  }
  await addMembers(
    db,
    new Date(),
    slug,
    made.map(({ id }) => id),
  );
  return made;
}

const fileOf = (mail: object) =>
  (mail as { attachments: { contentType: string; content: string }[] }).attachments[0]!;

async function move(id: Id<'ses'>, startsAt: Date) {
  const db = await siteDb();
  await db.write(async (tx) => {
    const before = (await findLiveSession(tx, id))!;
    const endsAt = new Date(startsAt.getTime() + 90 * 60_000);
    await tx
      .update(liveSessions)
      .set({ startsAt, endsAt, sequence: before.sequence + 1, updatedAt: new Date() })
      .where(eq(liveSessions.id, id));
    await tellAttendees(tx, new Date(), before, (await findLiveSession(tx, id))!);
  });
}

/** The next 8:00 UTC that is three days away or more: 13:45 in Kathmandu, 16:00 in China. */
function inThreeDays(): Date {
  const at = new Date(Date.now() + 3 * 86_400_000);
  at.setUTCHours(8, 0, 0, 0);
  return at;
}

describe('a live session', () => {
  test('is answered in the calendar, comes by mail, and follows a change in the feed', async () => {
    const [noor] = await membersInKathmandu(1);
    const id = await addLiveSession(await siteDb(), new Date(), slug, {
      title: 'Weeding without tears',
      startsAt: inThreeDays(),
    });
    const page = await newPage({ javaScriptEnabled: false });
    await signInAs(page, noor!);
    await page.goto('/me/calendar');
    const item = page.getByRole('listitem').filter({ hasText: 'Weeding without tears' });
    await item.getByText('13:45 to 15:15').waitFor();
    await item.getByText('Nepal Time (GMT+5:45)').waitFor();
    await item.getByText('16:00 in China').waitFor();
    await item.getByRole('button', { name: 'Going', exact: true }).click();
    await page.getByText('You are going. The invitation').waitFor();
    expect(await item.getByRole('button', { name: 'Going' }).getAttribute('aria-pressed')).toBe('true');

    const mail = await mailTo(noor!.email, 'You are going');
    expect(mail.text).toContain('13:45 to 15:15, Nepal Time (GMT+5:45)');
    expect(fileOf(mail).contentType).toBe('text/calendar; method=REQUEST; charset=utf-8');

    await page.goto('/me/calendar/subscribe');
    await page.getByLabel('Only those I am going to').check();
    await page.getByRole('button', { name: 'Make the address' }).click();
    const address = await page.getByRole('textbox', { name: 'Address' }).inputValue();
    const first = await fetch(address);
    expect(first.headers.get('content-type')).toBe('text/calendar; charset=utf-8');
    expect(first.headers.get('cache-control')).toMatch(/^private, max-age=\d+$/);
    const etag = first.headers.get('etag')!;
    expect((await fetch(address, { headers: { 'If-None-Match': etag } })).status).toBe(304);

    await move(id, new Date(inThreeDays().getTime() + 86_400_000));
    const changed = await mailTo(noor!.email, 'Changed: Weeding');
    const second = await fetch(address, { headers: { 'If-None-Match': etag } });
    expect(second.status).toBe(200);
    for (const ics of [Buffer.from(fileOf(changed).content, 'base64').toString(), await second.text()]) {
      const event = new ICAL.Component(ICAL.parse(ics)).getFirstSubcomponent('vevent')!;
      expect(event.getFirstPropertyValue('sequence')).toBe(1);
    }
    await page.goto('/me/calendar/subscribe');
    await page.getByRole('button', { name: 'End this address' }).click();
    expect((await fetch(address)).status).toBe(404);
  });

  test('hands a place that is given up by mail to the first who waits', async () => {
    const [noor, robin] = await membersInKathmandu(2);
    await addLiveSession(await siteDb(), new Date(), slug, {
      title: 'One chair',
      startsAt: inThreeDays(),
      capacity: 1,
    });
    for (const user of [noor!, robin!]) {
      const page = await newPage();
      await signInAs(page, user);
      await page.goto('/me/calendar');
      const item = page.getByRole('listitem').filter({ hasText: 'One chair' });
      await item.getByRole('button', { name: 'Going', exact: true }).click();
      await page
        .getByRole('status')
        .getByText(user === noor ? 'You are going.' : 'you are on the waiting list')
        .waitFor();
    }
    const waiting = await mailTo(robin!.email, 'You are on the waiting list');
    expect(waiting.text).toContain('number 1');
    expect(waiting.text).not.toContain('meet.example.test');

    const link = linkIn(await mailTo(noor!.email, 'You are going'), '/rsvp/');
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(link);
    await page.reload(); // a mail scanner presses nothing
    await page.getByRole('heading', { name: 'You can’t go?' }).waitFor();
    await page.getByRole('button', { name: 'No, I can’t go' }).click();
    await page.getByRole('heading', { name: 'You can’t go' }).waitFor();
    const promoted = await mailTo(robin!.email, 'You have a place');
    expect(fileOf(promoted).contentType).toContain('method=REQUEST');
  });

  test('is answered by somebody signed out, through sign-in and one more press', async () => {
    const [noor] = await membersInKathmandu(1);
    const id = await addLiveSession(await siteDb(), new Date(), slug, { title: 'From outside' });
    const answered = await fetch(`${siteUrl()}/live-sessions/${id}/rsvp`, {
      method: 'POST',
      redirect: 'manual',
      headers: { Origin: siteUrl() },
      body: new URLSearchParams({ answer: 'going' }),
    });
    expect(answered.status).toBe(303);
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(answered.headers.get('location')!);
    await page.getByLabel('E-mail').fill(noor!.email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Are you going?' }).waitFor();
    await page.getByRole('button', { name: 'Going', exact: true }).click();
    await mailTo(noor!.email, 'You are going: From outside');
  });

  test('is refused with a sentence when it is cancelled, foreign or unknown', async () => {
    const [noor] = await membersInKathmandu(1);
    const stranger = await makeUser([['member']]);
    const db = await siteDb();
    const cancelled = await addLiveSession(db, new Date(), slug, { state: 'cancelled' });
    const open = await addLiveSession(db, new Date(), slug);
    const press = async (user: TestUser, id: string) =>
      fetch(`${siteUrl()}/live-sessions/${id}/rsvp`, {
        method: 'POST',
        headers: { Origin: siteUrl(), Cookie: await cookieOf(user) },
        body: new URLSearchParams({ answer: 'going' }),
      });
    const gone = await press(noor!, cancelled);
    expect([gone.status, (await gone.text()).includes('is cancelled')]).toEqual([410, true]);
    const foreign = await press(stranger, open);
    expect([foreign.status, (await foreign.text()).includes('Join the community first')]).toEqual([
      403,
      true,
    ]);
    expect((await press(noor!, 'ses_nothing')).status).toBe(404);
    const file = `${siteUrl()}/live-sessions/${open}/calendar.ics`;
    expect((await fetch(file, { headers: { Cookie: await cookieOf(stranger) } })).status).toBe(404);
    expect((await fetch(file, { headers: { Cookie: await cookieOf(noor!) } })).status).toBe(200);
  });

  test('stands in the public calendar without its link', async () => {
    await addLiveSession(await siteDb(), new Date(), slug, { title: 'For all to see' });
    const page = await newPage({ expected: refusals });
    await page.goto(`/sessions?community=${slug}`);
    await page.getByRole('heading', { name: 'For all to see' }).first().waitFor();
    expect(await page.content()).not.toContain('meet.example.test');
  });
});
