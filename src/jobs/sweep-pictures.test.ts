import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test, vi } from 'vitest';
import { schools, signUps } from '#db/schema/schools.ts';
import { addUser, useDatabase } from '../../tests/database.ts';
import { newId } from '../platform/ids.ts';

vi.hoisted(() => {
  process.env['DATA_DIR'] = `${process.env['TMPDIR'] ?? '/tmp'}/peersphere-sweep-${process.pid}`;
});

const { storePicture } = await import('../domains/accounts/pictures.ts');
const { sweepPictures } = await import('./sweep-pictures.ts');

const folder = path.join(process.env['DATA_DIR']!, 'uploads/pictures');
afterAll(() => rm(process.env['DATA_DIR']!, { recursive: true, force: true }));

const day = 86_400_000;
const now = new Date('2026-11-22T03:00:00Z');

async function pictureOfAge(ageMs: number) {
  const drawn = sharp({ create: { width: 64, height: 64, channels: 3, background: '#c04000' } });
  const stored = await storePicture(await drawn.png().toBuffer());
  if ('problem' in stored) throw new Error(stored.problem);
  const at = new Date(now.getTime() - ageMs);
  await utimes(path.join(folder, `${stored.pictureId}.webp`), at, at);
  return stored.pictureId;
}

test('a picture that has belonged to nobody for a day is removed, and no other', async () => {
  const db = await useDatabase();
  const [ofUser, ofForm] = [await pictureOfAge(9 * day), await pictureOfAge(9 * day)];
  const [fresh] = [await pictureOfAge(day - 1000), await pictureOfAge(day + 1000)];
  await writeFile(path.join(folder, 'x.draft'), '');
  await utimes(path.join(folder, 'x.draft'), 0, 0);
  await addUser(db, now, { pictureId: ofUser });
  const schoolId = newId('sch', now);
  const school = { id: schoolId, name: 'Heron Creek', country: 'VN', city: 'Da Nang', timeZone: 'UTC' };
  const year = { membershipStartsOn: '2026-08-01', membershipEndsOn: '2027-07-31' };
  await db.write(async (tx) => {
    await tx.insert(schools).values({ ...school, ...year, createdAt: now, updatedAt: now });
    await tx.insert(signUps).values({
      id: newId('sup', now),
      email: 'noor@example.test',
      name: 'Noor Lindqvist',
      profile: { jobTitle: '', subjects: '', country: 'VN', timeZone: 'UTC' },
      passwordHash: 'hash',
      browserHash: 'hash',
      schoolId,
      pictureId: ofForm,
      codeOfConductVersion: '1',
      createdAt: now,
      expiresAt: now,
    });
  });
  await sweepPictures({ db, now });
  expect((await readdir(folder)).sort()).toEqual([ofUser, ofForm, fresh].map((id) => `${id}.webp`).sort());
});

test('where no picture was ever stored there is nothing to do', async () => {
  const db = await useDatabase();
  await rm(folder, { recursive: true, force: true });
  await sweepPictures({ db, now });
});
