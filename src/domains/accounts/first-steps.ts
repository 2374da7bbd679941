import { eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { firstSteps, users } from '#db/schema/accounts.ts';
import type { Id } from '../../platform/ids.ts';
import { type StepName, stepNames } from './model.ts';

/** Ticks one of the user’s first five steps. It stays ticked, with the moment it was first taken. */
export async function recordStep(tx: Tx, now: Date, userId: Id<'usr'>, step: StepName): Promise<void> {
  await tx.insert(firstSteps).values({ userId, step, takenAt: now }).onConflictDoNothing();
}

export type FirstStep = { name: StepName; taken: boolean };

/** The first five steps in their order. Who came with a picture, or with a text about them, has taken that step. */
export async function firstStepsOf(read: Reads, userId: Id<'usr'>): Promise<FirstStep[]> {
  const recorded = await read
    .select({ step: firstSteps.step })
    .from(firstSteps)
    .where(eq(firstSteps.userId, userId));
  const [user] = await read
    .select({ pictureId: users.pictureId, about: users.about })
    .from(users)
    .where(eq(users.id, userId));
  const taken = new Set(recorded.map(({ step }) => step));
  if (user?.pictureId) taken.add('picture');
  if (user?.about) taken.add('about');
  return stepNames.map((name) => ({ name, taken: taken.has(name) }));
}
