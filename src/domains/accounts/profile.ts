import { eq } from 'drizzle-orm';
import { users } from '#db/schema/accounts.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { recordStep } from './first-steps.ts';
import type { ProfileLink, Visibility } from './model.ts';
import { removePicture } from './pictures.ts';

/** What people write about themselves. */
export type Profile = {
  name: string;
  jobTitle: string;
  subjects: string;
  about: string;
  /** Stays as it is where it is left out. */
  workplace?: string;
  country: string;
  timeZone: string;
  languages: string[];
  links: ProfileLink[];
  visibility: Visibility;
};

/** Puts `profile` in the place of what the user had written. A text about them is the step “who you are”. */
export async function saveProfile(ctx: Ctx, userId: Id<'usr'>, profile: Profile): Promise<void> {
  await ctx.db.write(async (tx) => {
    await tx.update(users).set(profile).where(eq(users.id, userId));
    if (profile.about) await recordStep(tx, ctx.now, userId, 'about');
  });
}

/** Makes a stored picture the user’s own, which is the step “picture”, and throws away the one of before. */
export async function setPicture(ctx: Ctx, userId: Id<'usr'>, pictureId: Id<'pic'>): Promise<void> {
  const before = await ctx.db.write(async (tx) => {
    const [user] = await tx.select({ pictureId: users.pictureId }).from(users).where(eq(users.id, userId));
    await tx.update(users).set({ pictureId }).where(eq(users.id, userId));
    await recordStep(tx, ctx.now, userId, 'picture');
    return user?.pictureId;
  });
  if (before && before !== pictureId) await removePicture(before);
}

/** Takes the user’s picture away. Harmless when there is none. */
export async function clearPicture(ctx: Ctx, userId: Id<'usr'>): Promise<void> {
  const before = await ctx.db.write(async (tx) => {
    const [user] = await tx.select({ pictureId: users.pictureId }).from(users).where(eq(users.id, userId));
    await tx.update(users).set({ pictureId: null }).where(eq(users.id, userId));
    return user?.pictureId;
  });
  if (before) await removePicture(before);
}
