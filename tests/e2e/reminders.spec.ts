import { expect, test } from 'vitest';
import { remind } from '../../src/domains/live-sessions/reminders.ts';
import { rsvp } from '../../src/domains/live-sessions/rsvp.ts';
import { newPage, useBrowser } from '../browser.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { mailsTo, mailTo, makeUser, signInAs, siteDb, type TestUser, usePortal } from '../portal.ts';

useBrowser();
usePortal();

const slug = 'school-librarians';
const hour = 3_600_000;

async function openReminders(user: TestUser) {
  const page = await newPage({ javaScriptEnabled: false, expected: /422/ });
  await signInAs(page, user);
  await page.goto('/me/calendar');
  await page.getByRole('link', { name: 'Reminders by mail' }).click();
  await page.getByRole('heading', { name: 'Reminders by mail', level: 1 }).waitFor();
  return page;
}

test('which reminders come, and when none, is chosen without JavaScript', async () => {
  const page = await openReminders(await makeUser([['member']]));
  const box = (name: string) => page.getByRole('checkbox', { name, exact: true });
  expect(await box('Invitations, 1 hour before').isChecked()).toBe(false);
  for (const name of ['Reminders, 1 hour before', 'Reminders, 1 week before', 'Invitations, 1 day before'])
    expect(await box(name).isChecked()).toBe(true);
  expect(await page.getByLabel('From').inputValue()).toBe('22:00');

  await box('Reminders, 1 week before').uncheck();
  await page.getByLabel('Until').selectOption('22:00');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText('Choose another hour').waitFor();
  expect(await box('Reminders, 1 week before').isChecked()).toBe(false);
  await page.getByLabel('Until').selectOption('06:30');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('status').getByText('Saved.').waitFor();
  expect(await box('Reminders, 1 week before').isChecked()).toBe(false);
  expect(await box('Reminders, 1 day before').isChecked()).toBe(true);
  expect(await page.getByLabel('Until').inputValue()).toBe('06:30');
});

test('a reminder and an invitation arrive an hour before, once each', async () => {
  const [going, asked] = [await makeUser([['member']]), await makeUser([['member']])];
  const db = await siteDb();
  await addMembers(db, new Date(), slug, [going.id, asked.id]);
  for (const user of [going, asked]) {
    const page = await openReminders(user);
    await page.getByRole('checkbox', { name: 'Invitations, 1 hour before' }).check();
    await page.getByRole('checkbox', { name: /Send me none/ }).uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').getByText('Saved.').waitFor();
  }
  const startsAt = new Date(Date.now() + hour + 5000);
  const id = await addLiveSession(db, new Date(), slug, { title: 'Soon to begin', startsAt });
  await rsvp({ db, now: new Date() }, going, id, 'going');
  // The site looks each minute by itself; that both do so at once is no second mail.
  await expect
    .poll(
      async () => {
        await remind({ db, now: new Date() });
        return (await mailsTo(going.email)).length;
      },
      { timeout: 20_000, interval: 500 },
    )
    .toBe(2);
  const reminder = await mailTo(going.email, 'In an hour: Soon to begin');
  expect(reminder.text).toContain('https://meet.example.test/room');
  expect(reminder.headers['List-Unsubscribe']).toContain('/unsubscribe/');
  const invitation = await mailTo(asked.email, 'Are you going? In an hour');
  expect(invitation.text).not.toContain('meet.example.test');

  const press = invitation.text.match(/https?:\/\/\S+\/rsvp\/\S+/)![0];
  const answer = await newPage({ javaScriptEnabled: false });
  await answer.goto(new URL(press).pathname);
  await answer.getByRole('button', { name: 'Yes, I am going' }).click();
  await mailTo(asked.email, 'You are going');
  expect((await mailsTo(going.email)).filter(({ subject }) => subject.startsWith('In an hour'))).toHaveLength(
    1,
  );
});
