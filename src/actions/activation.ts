import { startLoginSession } from '../domains/accounts/login-sessions.ts';
import { signUp as keepSignUp, type SignUpRefusal } from '../domains/schools/activation.ts';
import { confirmInput, nothingElse, signUpInput } from '../domains/schools/activation-inputs.ts';
import { closedWords, otherDomainSentence, whomToAsk } from '../domains/schools/joining-words.ts';
import {
  type Browser,
  clearedSignUpCookie,
  confirmSignUp,
  joinSchool,
  resendVerification,
  signUpCookieName,
  signUpOfBrowser,
  signUpOfLink,
} from '../domains/schools/sign-ups.ts';
import { type Call, goTo, loginCookieOf, publicForm, refuse, refuseUntil, signedInForm } from './define.ts';

const landing = '/me/communities?done=welcome';
const mailsTooOften =
  'Several mails have gone to this address within the hour. Look for the newest of them, also in the junk folder, or try again later.';
const passwordTooOften = 'Too many attempts with a wrong password. Please wait a while before the next.';
const overMeanwhile = 'This link does not do that any more.';

/** Takes the profile form. `codeOfConductVersion` is the one that stands on the site now. */
export const signUp = (codeOfConductVersion: string) =>
  publicForm(signUpInput, async (call, { picture, codeOfConduct: _accepted, ...input }) => {
    if (input.codeOfConductVersion !== codeOfConductVersion)
      return refuse({
        codeOfConduct: 'The code of conduct has just changed. Please read it, and tick the box again.',
      });
    const bytes = picture && new Uint8Array(await picture.arrayBuffer());
    const result = await keepSignUp(call.ctx, call.params['token'] ?? '', { ...input, picture: bytes });
    return 'refused' in result ? refusal(result) : goTo('/activate/sent', [result.cookie]);
  });

function refusal(result: SignUpRefusal) {
  switch (result.refused) {
    case 'no-link':
      return refuse(overMeanwhile, 410);
    case 'bad-password':
      return refuse({ password: result.sentence });
    case 'bad-picture':
      return refuse({ picture: result.sentence });
    case 'too-often':
      return result.of === 'address'
        ? refuseUntil(mailsTooOften, result.until)
        : refuseUntil(
            'Very many people have used this link within the hour. Please try again a little later.',
            result.until,
          );
    case 'other-domain':
      return refuse({ email: `${otherDomainSentence(result.school)} ${whomToAsk(result.school)}` });
    default:
      return refuse(closedWords(result.refused, result.school).lead, 409);
  }
}

/** Another mail, from the page that says to look into the inbox. */
export const resendFromHere = publicForm(nothingElse, async (call) => {
  const { db, now } = call.ctx;
  const found = await signUpOfBrowser(db.read, now, call.cookie(signUpCookieName));
  const result = found ? await resendVerification(call.ctx, found.id) : 'over';
  if (result === 'sent') return goTo('/activate/sent?done=again');
  if (result !== 'over') return refuseUntil(mailsTooOften, result.until);
  return refuse(
    'This browser waits for no mail. Open your school’s activation link, and fill in the form again.',
    410,
  );
});

/** Another mail, from a link whose day is over. */
export const resend = publicForm(nothingElse, async (call) => {
  const secret = call.params['token'] ?? '';
  const signUpId = await signUpOfLink(call.ctx, secret);
  const result = signUpId ? await resendVerification(call.ctx, signUpId) : 'over';
  if (result === 'sent') return goTo(`/verify/${secret}?done=again`);
  return result === 'over' ? refuse(overMeanwhile, 410) : refuseUntil(mailsTooOften, result.until);
});

/** The button that proves an address. Whoever pressed it before, and is signed in since, just goes on. */
export const confirm = publicForm(confirmInput, async (call, { password }) => {
  const { ctx, device } = call;
  const result = await confirmSignUp(ctx, call.params['token'] ?? '', browserOf(call), password);
  if ('userId' in result) {
    const cookies = await startLoginSession(ctx, result.userId, device, loginCookieOf(call));
    return goTo(landing, [...cookies, clearedSignUpCookie()]);
  }
  switch (result.refused) {
    case 'wrong-password':
      return refuse({ password: 'This is not the password from the form.' });
    case 'too-often':
      return refuseUntil(passwordTooOften, result.until);
    case 'used-here':
      return goTo('/me/communities');
    case 'not-now':
      return refuse(overMeanwhile, 410);
  }
});

/** The button with which a signed-in user joins another school. */
export const join = signedInForm(nothingElse, async ({ ctx, viewer, params }) => {
  switch (await joinSchool(ctx, params['token'] ?? '', viewer)) {
    case 'joined':
      return goTo('/me/communities?done=joined', [clearedSignUpCookie()]);
    case 'not-yours':
      return refuse('This link is for somebody else.', 403);
    case 'not-now':
      return refuse(overMeanwhile, 410);
  }
});

const browserOf = (call: Call): Browser => ({
  viewer: call.viewer,
  signUpCookie: call.cookie(signUpCookieName),
});
