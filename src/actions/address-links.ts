import { changeAddress, undoAddressChange } from '../domains/accounts/addresses.ts';
import { confirmAddressInput } from '../domains/accounts/inputs.ts';
import { signedOutCookies } from '../domains/accounts/login-sessions.ts';
import { nothingInput } from '../domains/accounts/sign-in-inputs.ts';
import { goTo, publicForm, refuse, refuseUntil } from './define.ts';

const overMeanwhile = 'This link does not do that any more.';
const taken = 'Another profile has this address by now. Please write to us, and we will find out together.';

/** The button that makes a new address the user’s. */
export const confirmAddress = publicForm(confirmAddressInput, async (call, { password }) => {
  const { ctx, viewer, params } = call;
  const result = await changeAddress(ctx, params['token'] ?? '', { viewer, password });
  switch (result) {
    case 'needs-password':
      return refuse({ password: 'Enter the password of the profile.' });
    case 'wrong-password':
      return refuse({ password: 'This is not the password of the profile.' });
    case 'taken':
      return refuse(taken, 409);
  }
  if ('until' in result)
    return refuseUntil('Too many attempts with a wrong password. Please wait a while.', result.until);
  if ('problem' in result) return refuse(overMeanwhile, 410);
  return goTo(viewer?.id === result.changed ? '/me?done=address' : '/sign-in?done=address-changed&next=/me');
});

/** The button that gives a user the address of before back. Whoever presses it goes on to a new password. */
export const undoAddress = publicForm(nothingInput, async ({ ctx, params }) => {
  const result = await undoAddressChange(ctx, params['token'] ?? '');
  if (result === 'taken') return refuse(taken, 409);
  if ('problem' in result) return refuse(overMeanwhile, 410);
  return goTo(`/reset-password/${result.resetSecret}`, signedOutCookies());
});
