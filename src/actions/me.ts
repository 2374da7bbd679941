import { askToChangeAddress } from '../domains/accounts/addresses.ts';
import { changePassword as giveNewPassword } from '../domains/accounts/change-password.ts';
import { askErasure } from '../domains/accounts/erasure.ts';
import { noteErasures } from '../domains/accounts/erasure-ledger.ts';
import {
  addressInput,
  changePasswordInput,
  erasureInput,
  linksFrom,
  pictureInput,
  profileInput,
  signInChoice,
  visibilityFrom,
} from '../domains/accounts/inputs.ts';
import { signedOutCookies, startLoginSession } from '../domains/accounts/login-sessions.ts';
import { removePicture, storePicture } from '../domains/accounts/pictures.ts';
import { clearPicture, saveProfile as keepProfile, setPicture } from '../domains/accounts/profile.ts';
import { membershipsOf } from '../domains/accounts/profile-queries.ts';
import { nothingInput } from '../domains/accounts/sign-in-inputs.ts';
import { endOtherSignIns, endSignIn } from '../domains/accounts/sign-ins.ts';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import { goTo, refuse, refuseUntil, signedInForm } from './define.ts';

const wrongPassword = { password: 'This is not your password.' };
const tooManyPasswords =
  'Too many attempts with a wrong password. Wait a while, or choose a new password by mail: that works at once.';

export const saveProfile = signedInForm(profileInput, async ({ ctx, viewer }, input) => {
  const { name, jobTitle, subjects, about, country, timeZone, languages } = input;
  const schools = await membershipsOf(ctx.db.read, ctx.now, viewer.id);
  await keepProfile(ctx, viewer.id, {
    ...{ name, jobTitle, subjects, about, country, timeZone, languages },
    // Whose school stands on the profile is not asked for a place of work, and keeps what they wrote before.
    ...(schools.length === 0 && { workplace: input.workplace }),
    links: linksFrom(input),
    visibility: visibilityFrom(input),
  });
  return goTo('/me?done=profile');
});

const uploads = { name: 'picture-uploads', most: 20, inMs: 3_600_000 } as const satisfies Limit;

export const uploadPicture = signedInForm(pictureInput, async ({ ctx, viewer }, { picture }) => {
  const until = await countAct(ctx, uploads, viewer.id);
  if (until)
    return refuseUntil('That were many pictures in a short time. Please try again in an hour.', until);
  const stored = await storePicture(await picture.bytes());
  if ('problem' in stored) return refuse({ picture: stored.problem });
  try {
    await setPicture(ctx, viewer.id, stored.pictureId);
  } catch (error) {
    await removePicture(stored.pictureId);
    throw error;
  }
  return goTo('/me?done=picture');
});

export const takePictureAway = signedInForm(nothingInput, async ({ ctx, viewer }) => {
  await clearPicture(ctx, viewer.id);
  return goTo('/me?done=picture-removed');
});

export const askAddress = signedInForm(addressInput, async ({ ctx, viewer }, input) => {
  const result = await askToChangeAddress(ctx, viewer, input);
  if (result === 'asked') return goTo('/me/address?done=sent');
  if (result === 'same') return refuse({ email: 'This is the address you have.' });
  if (result === 'wrong-password') return refuse(wrongPassword);
  return refuseUntil('That were too many attempts. Please wait a while.', result.until);
});

export const changePassword = signedInForm(changePasswordInput, async (call, input) => {
  const { ctx, viewer, device } = call;
  const result = await giveNewPassword(ctx, viewer, input);
  if (result === 'wrong-password') return refuse(wrongPassword);
  if (typeof result === 'object')
    return 'badPassword' in result
      ? refuse({ newPassword: result.badPassword })
      : refuseUntil(tooManyPasswords, result.until);
  return goTo('/me?done=password', await startLoginSession(ctx, viewer.id, device, undefined));
});

export const endOne = signedInForm(signInChoice, async ({ ctx, viewer }, { signIn }) => {
  await endSignIn(ctx, viewer, signIn);
  return signIn === viewer.loginSession.idHash
    ? goTo('/sign-in?done=signed-out', signedOutCookies())
    : goTo('/me?done=signed-out-one#sign-ins');
});

export const endOthers = signedInForm(nothingInput, async ({ ctx, viewer }) => {
  await endOtherSignIns(ctx, viewer);
  return goTo('/me?done=signed-out-others#sign-ins');
});

export const deleteMe = signedInForm(erasureInput, async ({ ctx, viewer }, { password }) => {
  const result = await askErasure(ctx, viewer, password);
  if (result === 'wrong-password') return refuse(wrongPassword);
  if (result === 'last-staff')
    return refuse('You are the only one on the staff. Give the role to somebody else first.', 409);
  if ('until' in result) return refuseUntil(tooManyPasswords, result.until);
  await noteErasures(ctx);
  return goTo('/sign-in?done=deletion-asked', signedOutCookies());
});
