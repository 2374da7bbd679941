import { confirmPassword } from '../domains/accounts/confirm-password.ts';
import { cancelErasure } from '../domains/accounts/erasure.ts';
import { noteErasures } from '../domains/accounts/erasure-ledger.ts';
import {
  endLoginSession,
  signedOutCookies,
  startLoginSession,
  startLoginSessionWith,
} from '../domains/accounts/login-sessions.ts';
import { requestPasswordReset, resetPassword as setNewPassword } from '../domains/accounts/password-reset.ts';
import { signIn as checkSignIn } from '../domains/accounts/sign-in.ts';
import {
  confirmPasswordInput,
  forgotPasswordInput,
  newPasswordInput,
  nothingInput,
  signInInput,
} from '../domains/accounts/sign-in-inputs.ts';
import { countAct, limits } from '../domains/accounts/throttles.ts';
import { safeNext } from '../lib/next-path.ts';
import { goTo, loginCookieOf, publicForm, refuse, refuseUntil, signedInForm } from './define.ts';
import { completeWish, forgetWish } from './rsvp.ts';

const landing = '/me/communities';
const tooOften =
  'Too many attempts with a wrong password. Wait a while, or choose a new password by mail: that works at once.';

const wrongSignIn = { email: 'This address and this password do not belong together.' };
const wrongPassword = { password: 'This is not your password.' };

export const signIn = publicForm(signInInput, async (call, { next, keep, ...input }) => {
  const result = await checkSignIn(call.ctx, input, call.address);
  if ('refused' in result) {
    switch (result.refused) {
      case 'wrong':
        return refuse(wrongSignIn);
      case 'too-often':
        return refuseUntil(tooOften, result.until);
      case 'suspended':
        return refuse('This sign-in is suspended. Please write to us, and we will look at it together.', 403);
      case 'erasure-due':
        if (!keep) return refuse('erasure-due', 403);
        await cancelErasure(call.ctx, result.userId);
        await noteErasures(call.ctx);
    }
  }
  const cookies = await startLoginSessionWith(call.ctx, result, call.device, loginCookieOf(call));
  if (!cookies) return refuse(wrongSignIn);
  const answered = await completeWish(call, result.userId, next);
  return goTo(answered ?? safeNext(next, landing), [...cookies, ...forgetWish(call)]);
});

export const confirm = signedInForm(confirmPasswordInput, async (call, { password, next }) => {
  const { ctx, viewer } = call;
  const result = await confirmPassword(ctx, viewer, password);
  if (result === 'wrong') return refuse(wrongPassword);
  if ('until' in result) return refuseUntil(tooOften, result.until);
  const proved = { userId: viewer.id, ...result };
  const cookies = await startLoginSessionWith(ctx, proved, call.device, loginCookieOf(call));
  return cookies ? goTo(safeNext(next, '/me'), cookies) : refuse(wrongPassword);
});

export const signOut = publicForm(nothingInput, async (call) => {
  const cookie = loginCookieOf(call);
  if (cookie) await endLoginSession(call.ctx, cookie);
  return goTo('/sign-in?done=signed-out', [...signedOutCookies(), ...forgetWish(call)]);
});

export const forgotPassword = publicForm(forgotPasswordInput, async ({ ctx, address }, { email }) => {
  const until = await countAct(ctx, limits.resetRequests, address);
  if (until) return refuseUntil('Too many requests from your network. Please try again later.', until);
  await requestPasswordReset(ctx, email);
  return goTo('/forgot-password?done=sent');
});

export const resetPassword = publicForm(newPasswordInput, async (call, { password }) => {
  const result = await setNewPassword(call.ctx, call.params['token'] ?? '', password);
  if ('badPassword' in result) return refuse({ password: result.badPassword });
  if ('problem' in result) return goTo(`/reset-password/${call.params['token']}`);
  const cookies = await startLoginSession(call.ctx, result.userId, call.device, loginCookieOf(call));
  return goTo(`${landing}?done=password-reset`, cookies);
});
