import { rm } from 'node:fs/promises';
import { eq } from 'drizzle-orm';
import sharp from 'sharp';
import { afterAll, expect, test, vi } from 'vitest';
import type { Db } from '#db/client.ts';
import { firstSteps, users } from '#db/schema/accounts.ts';
import { schools } from '#db/schema/schools.ts';
import { newId } from '#src/platform/ids.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import type { Profile } from './profile.ts';

vi.hoisted(() => {
  process.env['DATA_DIR'] = `${process.env['TMPDIR'] ?? '/tmp'}/peersphere-profile-${process.pid}`;
});

const { clearPicture, saveProfile, setPicture } = await import('./profile.ts');
const { findOwnProfile, maySeePicture, shownProfile } = await import('./profile-queries.ts');
const { firstStepsOf, recordStep } = await import('./first-steps.ts');
const { findPicture, storePicture } = await import('./pictures.ts');
const { findViewer, startLoginSession } = await import('./login-sessions.ts');

afterAll(() => rm(process.env['DATA_DIR']!, { recursive: true, force: true }));

const now = new Date('2026-11-22T03:00:00Z');

const written: Profile = {
  name: 'Noor Lindqvist',
  jobTitle: 'Primary librarian',
  subjects: 'Reading',
  about: 'Two assistants and 480 children.',
  workplace: 'Banyan Bay',
  country: 'VN',
  timeZone: 'Asia/Ho_Chi_Minh',
  languages: ['en', 'vi'],
  links: [{ label: 'My shelf', url: 'https://books.example.test/' }],
  visibility: {},
};

async function newPicture() {
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c04000' } })
    .png()
    .toBuffer();
  const stored = await storePicture(bytes);
  if ('problem' in stored) throw new Error(stored.problem);
  return stored.pictureId;
}

async function viewerOf(db: Db, userId: Awaited<ReturnType<typeof addUser>>['id']) {
  const [cookie] = await startLoginSession({ db, now }, userId, 'Firefox on Windows', undefined);
  return (await findViewer({ db, now }, cookie!.value))!.viewer;
}

/** A school and when its membership year ends. */
async function addSchool(db: Db, name: string, membershipEndsOn: string) {
  const id = newId('sch', now);
  const place = { country: 'VN', city: 'Da Nang', timeZone: 'Asia/Ho_Chi_Minh' };
  const year = { membershipStartsOn: '2025-08-01', membershipEndsOn };
  await db.write((tx) =>
    tx.insert(schools).values({ id, name, ...place, ...year, createdAt: now, updatedAt: now }),
  );
  return id;
}

const takenSteps = async (db: Db, id: Awaited<ReturnType<typeof addUser>>['id']) =>
  (await firstStepsOf(db.read, id)).filter(({ taken }) => taken).map(({ name }) => name);

test('what was written is there again, and a text about oneself ticks that step', async () => {
  const db = await useDatabase();
  const { id } = await addUser(db, now);
  expect(await takenSteps(db, id)).toEqual([]);
  await saveProfile({ db, now }, id, written);
  expect(await findOwnProfile(db.read, now, id)).toMatchObject({ ...written, schools: [] });
  expect(await takenSteps(db, id)).toEqual(['about']);
});

test('without a text about oneself no step is taken', async () => {
  const db = await useDatabase();
  const { id } = await addUser(db, now);
  await saveProfile({ db, now }, id, { ...written, about: '' });
  expect(await takenSteps(db, id)).toEqual([]);
});

test('a step stays taken, with the moment it was first taken', async () => {
  const db = await useDatabase();
  const { id } = await addUser(db, now);
  await db.write((tx) => recordStep(tx, now, id, 'hub'));
  await db.write((tx) => recordStep(tx, new Date(now.getTime() + 1000), id, 'hub'));
  expect(await db.read.select({ takenAt: firstSteps.takenAt }).from(firstSteps)).toEqual([{ takenAt: now }]);
  await saveProfile({ db, now }, id, written);
  await saveProfile({ db, now }, id, { ...written, about: '' });
  expect(await takenSteps(db, id)).toEqual(['about', 'hub']);
});

test('a new picture takes the place of the one before, whose file is gone', async () => {
  const db = await useDatabase();
  const { id } = await addUser(db, now);
  const [first, second] = [await newPicture(), await newPicture()];
  await setPicture({ db, now }, id, first);
  await setPicture({ db, now }, id, second);
  expect(await findPicture(first)).toBeUndefined();
  expect(await findPicture(second)).toBeDefined();
  expect(await takenSteps(db, id)).toEqual(['picture']);
  await clearPicture({ db, now }, id);
  await clearPicture({ db, now }, id);
  expect(await findPicture(second)).toBeUndefined();
  expect((await findOwnProfile(db.read, now, id))?.pictureId).toBeNull();
});

test('who came with a picture has taken that step', async () => {
  const db = await useDatabase();
  const { id } = await addUser(db, now, { pictureId: await newPicture() });
  expect(await takenSteps(db, id)).toEqual(['picture']);
});

test('members see what is for them, and nobody sees the address', async () => {
  const db = await useDatabase();
  const { id, email } = await addUser(db, now);
  await saveProfile({ db, now }, id, {
    ...written,
    visibility: { about: 'communities', links: 'nobody', jobTitle: 'nobody', school: 'nobody' },
  });
  const profile = (await findOwnProfile(db.read, now, id))!;
  const members = shownProfile(profile, 'members');
  expect(members).toMatchObject({
    name: 'Noor Lindqvist',
    jobTitle: '',
    subjects: '',
    about: '',
    workplace: '',
  });
  expect(members).toMatchObject({ links: [], languages: ['en', 'vi'], country: 'VN' });
  expect(shownProfile(profile, 'communities')).toMatchObject({ about: written.about, links: [] });
  expect(JSON.stringify([members, shownProfile(profile, 'communities')])).not.toContain(email);
});

test('a member’s school stands on the profile while its year lasts, then what they wrote', async () => {
  const db = await useDatabase();
  const school = await addSchool(db, 'Heron Creek School', '2026-11-22');
  const { id } = await addUser(db, now, { roles: [['member', school]] });
  await saveProfile({ db, now }, id, written);
  const at = async (when: string) => {
    const profile = await findOwnProfile(db.read, new Date(when), id);
    return shownProfile(profile!, 'members').workplace;
  };
  expect(await at('2026-11-22T16:59:00Z')).toBe('Heron Creek School');
  expect(await at('2026-11-22T17:00:00Z')).toBe('Banyan Bay');
});

test('a picture is seen by members, its owner and staff, as its owner chose', async () => {
  const db = await useDatabase();
  const pictureId = await newPicture();
  const owner = await addUser(db, now, { roles: [['member']], pictureId });
  const viewers = {
    owner: await viewerOf(db, owner.id),
    member: await viewerOf(db, (await addUser(db, now, { roles: [['member']] })).id),
    staff: await viewerOf(db, (await addUser(db, now, { roles: [['staff']] })).id),
    nobody: await viewerOf(db, (await addUser(db, now)).id),
  };
  const seenBy = async () => {
    const names = Object.keys(viewers) as (keyof typeof viewers)[];
    const seen = await Promise.all(names.map((name) => maySeePicture(db.read, viewers[name], pictureId)));
    return names.filter((_, index) => seen[index]);
  };
  expect(await seenBy()).toEqual(['owner', 'member', 'staff']);
  for (const audience of ['communities', 'nobody'] as const) {
    await saveProfile({ db, now }, owner.id, { ...written, visibility: { picture: audience } });
    expect(await seenBy()).toEqual(['owner', 'staff']);
  }
  expect(await maySeePicture(db.read, viewers.staff, await newPicture())).toBe(false);
});

test('the picture of somebody who is to be erased is seen by nobody', async () => {
  const db = await useDatabase();
  const pictureId = await newPicture();
  const owner = await addUser(db, now, { pictureId });
  const staff = await viewerOf(db, (await addUser(db, now, { roles: [['staff']] })).id);
  await db.write((tx) => tx.update(users).set({ erasureDueAt: now }).where(eq(users.id, owner.id)));
  expect(await maySeePicture(db.read, staff, pictureId)).toBe(false);
});
