import type { Db } from '../db/client.ts';
import { schools } from '../db/schema/schools.ts';
import { type Id, newId } from '../src/platform/ids.ts';

/** Adds a school in which people may join, and returns its id. */
export async function addSchool(
  db: Db,
  now: Date,
  name: string,
  values: Partial<typeof schools.$inferInsert> = {},
): Promise<Id<'sch'>> {
  const id = newId('sch', now);
  await db.write((tx) =>
    tx.insert(schools).values({
      id,
      name,
      country: 'VN',
      city: 'Hue',
      timeZone: 'Asia/Ho_Chi_Minh',
      membershipStartsOn: '2026-08-01',
      membershipEndsOn: '2027-07-31',
      createdAt: now,
      updatedAt: now,
      ...values,
    }),
  );
  return id;
}
