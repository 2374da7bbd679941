import { eq } from 'drizzle-orm';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { auditEvents } from '../../db/schema/audit.ts';
import { outbox } from '../../db/schema/mail.ts';
import { schools } from '../../db/schema/schools.ts';
import type { Role } from '../../src/domains/accounts/model.ts';
import { enqueueMail } from '../../src/domains/mail/enqueue.ts';
import { access } from '../../src/middleware/access.ts';
import { type Id, newId } from '../../src/platform/ids.ts';
import { problemsInEachLook } from '../accessible.ts';
import { newPage, useBrowser } from '../browser.ts';
import { cookieOf, mailTo, makeUser, newAddress, signInAs, siteDb, usePortal } from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const staffRoutes = Object.keys(access).filter((pattern) => /^\/staff(?:\/|$)/.test(pattern));

let ids: { school: Id<'sch'>; mail: Id<'mail'>; person: Id<'usr'> };

beforeAll(async () => {
  const [db, now, school, to] = [await siteDb(), new Date(), newId('sch', new Date()), newAddress('failed')];
  const about = {
    name: 'Hillside School',
    country: 'VN',
    city: `Da Nang ${school}`,
    timeZone: 'Asia/Ho_Chi_Minh',
  };
  const year = { membershipStartsOn: '2020-08-01', membershipEndsOn: '2090-07-31' };
  const mail = await db.write(async (tx) => {
    await tx.insert(schools).values({ id: school, ...about, ...year, createdAt: now, updatedAt: now });
    await enqueueMail(tx, now, {
      kind: 'members-handbook',
      dedupeKey: to,
      to,
      content: { subject: 'A mail that failed', preview: 'Hello', blocks: [{ paragraph: 'Hello' }] },
    });
    const [failed] = await tx
      .update(outbox)
      .set({ state: 'failed', failedAt: now, attempts: 8 })
      .where(eq(outbox.to, to))
      .returning({ id: outbox.id });
    return failed!.id;
  });
  ids = { school, mail, person: (await makeUser([['member', school]])).id };
});

/** A path of the route that leads to something that is there, so that a 404 is about who asks. */
function pathOf(pattern: string): string {
  const id = pattern.startsWith('/staff/outbox') ? ids.mail : ids.person;
  return pattern
    .replace('[school]', ids.school)
    .replace('[id]', id)
    .replace(/\[\w+\]/g, 'none');
}

async function ask(path: string, cookie: string | undefined, method: 'GET' | 'POST') {
  const answer = await fetch(siteUrl() + path, {
    method,
    redirect: 'manual',
    headers: { Origin: siteUrl(), ...(cookie && { Cookie: cookie }) },
    body: method === 'POST' ? new URLSearchParams({ form: 'suspendUser', reason: 'other' }) : null,
  });
  return { status: answer.status, to: answer.headers.get('Location'), body: await answer.text() };
}

describe.each<[string, Role | undefined, string]>([
  ['nobody in particular', undefined, ''],
  ['a member', 'member', ''],
  ['a SAM', 'sam', 'sch_of_theirs'],
  ['a host', 'host', 'school-librarians'],
  ['a TA', 'ta', ''],
  ['an editor', 'editor', ''],
])('to %s', (_, role, scope) => {
  const theirs = (pattern: string) => role === 'editor' && pattern.startsWith('/staff/publishing');
  const closed = staffRoutes.filter((pattern) => !theirs(pattern));
  test.each(closed)('%s answers like a page that does not exist', async (pattern) => {
    const cookie = await cookieOf(await makeUser(role ? [[role, scope]] : []));
    const missing = await ask('/staff/no-such-page', cookie, 'GET');
    for (const method of ['GET', 'POST'] as const) {
      const answer = await ask(pathOf(pattern), cookie, method);
      expect([method, answer.status]).toEqual([method, 404]);
      if (method === 'GET') expect(answer.body).toBe(missing.body);
    }
  });
});

test.each(staffRoutes)('a visitor is led to sign-in, and then back, from %s', async (pattern) => {
  const path = pathOf(pattern);
  for (const method of ['GET', 'POST'] as const)
    expect(await ask(path, undefined, method)).toMatchObject({
      status: 303,
      to: `/sign-in?next=${encodeURIComponent(path)}`,
    });
});

test('a person, a mail or a page of staff that is not there is not found by staff either', async () => {
  const cookie = await cookieOf(await makeUser([['staff']]));
  for (const path of ['/staff/people/usr_none', '/staff/people/usr_none/roles', '/staff/outbox/mail_none'])
    expect([path, (await ask(path, cookie, 'GET')).status]).toEqual([path, 404]);
});

describe('people', () => {
  test('staff find a person, suspend them and let them in again, without JavaScript', async () => {
    const colleague = await makeUser([['member', ids.school]], 'Bela Quillfeather');
    const theirs = await newPage({ javaScriptEnabled: false });
    await signInAs(theirs, colleague);
    await theirs.goto('/me');
    expect(new URL(theirs.url()).pathname).toBe('/me');

    const page = await newPage({ javaScriptEnabled: false });
    await signInAs(page, await makeUser([['staff']], 'Ada Stafford'));
    await page.goto('/staff');
    await page.getByRole('navigation', { name: 'Staff' }).getByRole('link', { name: 'People' }).click();
    await page.getByLabel('Find people').fill(`quillfeather ${colleague.email}`);
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByRole('link', { name: 'Bela Quillfeather' }).click();
    await page.getByText('Member through Hillside School').waitFor();
    await page.getByLabel('Reason').selectOption({ label: 'Somebody else may be using their sign-in' });
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByText('is suspended and signed out everywhere').waitFor();
    await page.getByText('by Ada Stafford. Reason: Somebody else may be using their sign-in.').waitFor();

    await theirs.goto('/me');
    expect(new URL(theirs.url()).pathname).toBe('/sign-in');

    await page.getByRole('button', { name: 'Lift the suspension' }).click();
    await page.getByText('can sign in again').waitFor();
    await page.getByRole('cell', { name: 'User suspension lifted' }).waitFor();
  });

  test('a suspension without a reason is refused, and nothing happens', async () => {
    const person = await makeUser([['member']]);
    const page = await newPage({ expected: /422/ });
    await signInAs(page, await makeUser([['staff']]));
    await page.goto(`/staff/people/${person.id}`);
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByRole('alert').getByText('Choose a reason.').waitFor();
    expect(await page.getByText('Suspended since').count()).toBe(0);
  });

  test('a link for a new password goes to the person', async () => {
    const person = await makeUser([['member']]);
    const page = await newPage();
    await signInAs(page, await makeUser([['staff']]));
    await page.goto(`/staff/people/${person.id}`);
    await page.getByRole('button', { name: 'Send a link for a new password' }).click();
    await page.getByText('A link for a new password is on its way').waitFor();
    expect((await mailTo(person.email, 'password')).text).toContain('/reset-password/');
  });

  test('roles are given and taken, and count from the next request', async () => {
    const person = await makeUser([], 'Cleo Marsh');
    const theirs = await newPage({ expected: /404/ });
    await signInAs(theirs, person);
    expect((await theirs.goto('/staff'))?.status()).toBe(404);
    const page = await newPage({ javaScriptEnabled: false });
    await signInAs(page, await makeUser([['staff']]));
    await page.goto(`/staff/people/${person.id}`);
    await page.getByRole('link', { name: 'Give or take roles' }).click();
    await page.getByLabel('School', { exact: true }).selectOption(ids.school);
    await page.getByRole('button', { name: 'Make them SAM' }).click();
    await page.getByText('SAM of Hillside School').first().waitFor();
    await page.getByLabel('Community', { exact: true }).selectOption('school-librarians');
    await page.getByRole('button', { name: 'Make them host' }).click();
    await page.getByText('Host of School Librarians').first().waitFor();
    await page.getByLabel('Role', { exact: true }).selectOption('staff');
    await page.getByRole('button', { name: 'Give this role' }).click();
    await page.getByRole('button', { name: 'Take away Staff' }).waitFor();

    await theirs.goto('/me');
    expect(new URL(theirs.url()).pathname).toBe('/sign-in'); // as staff they sign in anew
    await signInAs(theirs, person);
    expect((await theirs.goto('/staff'))?.status()).toBe(200);

    await page.getByRole('button', { name: 'Take away Staff' }).click();
    await page.getByText('The role is taken away').waitFor();
    await signInAs(theirs, person);
    expect((await theirs.goto('/staff'))?.status()).toBe(404);
  });

  test('nobody is offered to change their own roles, and a form that does is refused', async () => {
    const staff = await makeUser([['staff']]);
    const cookie = await cookieOf(staff);
    const path = `/staff/people/${staff.id}/roles`;
    expect((await ask(path, cookie, 'GET')).body).not.toContain('Take away');
    const answer = await fetch(siteUrl() + path, {
      method: 'POST',
      headers: { Origin: siteUrl(), Cookie: cookie },
      body: new URLSearchParams({ form: 'giveSiteRole', role: 'editor' }),
    });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('This is you. Ask a colleague on the staff to do it.');
  });
});

test('a mail that failed is sent again, its words never shown', async () => {
  const page = await newPage({ javaScriptEnabled: false });
  await signInAs(page, await makeUser([['staff']]));
  await page.goto('/staff/outbox?state=failed');
  await page.getByRole('link', { name: 'A mail that failed' }).click();
  await page.getByRole('button', { name: 'Send it again' }).click();
  await page.getByText('The mail is in the queue again').waitFor();
  const [mail] = await (await siteDb()).read
    .select({ to: outbox.to })
    .from(outbox)
    .where(eq(outbox.id, ids.mail));
  await mailTo(mail!.to, 'A mail that failed');
  await page.reload();
  await page.getByText('Sent', { exact: true }).waitFor();
});

test('the audit log is read by who and what, and checked as a whole', async () => {
  const staff = await makeUser([['staff']], 'Dora Ledger');
  const person = await makeUser([['member']], 'Emil Audited');
  const page = await newPage({ javaScriptEnabled: false });
  await signInAs(page, staff);
  await page.goto(`/staff/people/${person.id}`);
  await page.getByLabel('Reason').selectOption('left-school');
  await page.getByRole('button', { name: 'Suspend' }).click();
  await page.getByRole('link', { name: 'all that was done to them' }).click();
  await page.getByLabel('What was done').selectOption('user.suspended');
  await page.getByRole('button', { name: 'Show' }).click();
  const row = page.getByRole('row').filter({ hasText: 'User suspended' });
  expect(await row.count()).toBe(1);
  expect(await row.innerText()).toContain('Reason: They have left their school');
  await row.getByRole('link', { name: 'Only what Dora Ledger did' }).click();
  await page.getByText('Done by Dora Ledger').waitFor();
  await page.getByRole('button', { name: 'Check the whole log now' }).click();
  const count = await (await siteDb()).read.$count(auditEvents);
  await page.getByText(`The log is whole: each of its ${count.toLocaleString('en-GB')} entries`).waitFor();
});

test.each([
  '/staff',
  '/staff/people',
  '/staff/people/[id]',
  '/staff/people/[id]/roles',
  '/staff/outbox',
  '/staff/outbox/[id]',
  '/staff/outbox/suppressions',
  '/staff/audit',
])('nothing is wrong with %s, wide and light or narrow and dark', async (pattern) => {
  const page = await newPage();
  await signInAs(page, await makeUser([['staff']]));
  await page.goto(pathOf(pattern));
  expect(await problemsInEachLook(page)).toEqual({ light: [], dark: [] });
});
