import { startLoginSession, startLoginSessionWith } from '../domains/accounts/login-sessions.ts';
import { signIn } from '../domains/accounts/sign-in.ts';
import { revokeActivationLink, rotateActivationLink } from '../domains/schools/activation-links.ts';
import {
  createSchoolInput,
  editSchoolInput,
  noInput,
  renewSchoolInput,
  samHolderInput,
  samInput,
  samOfferInput,
  setUpInput,
} from '../domains/schools/inputs.ts';
import { removeMember as removeMemberOf } from '../domains/schools/members.ts';
import type { OfferOutcome } from '../domains/schools/model.ts';
import {
  correctSamOffer,
  giveUpSamRole,
  offerSamRole,
  onboardSam,
  type Resent,
  removeSam as removeSamOf,
  resendOnboardingMails,
  resendSamOffer,
  withdrawSamOffer,
} from '../domains/schools/sams.ts';
import {
  createSchool as create,
  editSchool as edit,
  pauseSchool as pause,
  renewSchool as renew,
  resumeSchool as resume,
} from '../domains/schools/schools.ts';
import {
  acceptSetUp as acceptSetUpLink,
  findSetUp,
  landingOf,
  setUpUser,
} from '../domains/schools/set-up.ts';
import {
  type Call,
  goTo,
  loginCookieOf,
  notFound,
  publicForm,
  refuse,
  samForm,
  staffForm,
} from './define.ts';

const alreadyExists = { name: 'There is a school of this name in this city already.' };

/** The school that the page’s path names, on pages of staff and of SAMs alike. */
const schoolOf = ({ params }: Call) => params['school'] ?? '';
const onThisPage = ({ url }: Call, done: string) => goTo(`${url.pathname}?done=${done}`);
const onPageOfStaff = (call: Call, done: string) => goTo(`/staff/schools/${schoolOf(call)}?done=${done}`);

export const createSchool = staffForm(createSchoolInput, async ({ ctx, viewer }, input) => {
  const { samName, samEmail, secondSamName, secondSamEmail, ...facts } = input;
  const sams = [
    { name: samName, email: samEmail },
    ...(secondSamEmail ? [{ name: secondSamName, email: secondSamEmail }] : []),
  ];
  const result = await create(ctx, viewer.id, facts, sams);
  if (result === 'already-exists') return refuse(alreadyExists);
  if (result === 'too-few-seats')
    return refuse({ seatLimit: 'Each SAM takes a place. Enter at least as many places as SAMs.' });
  return goTo(`/staff/schools/${result.schoolId}?done=created`);
});

export const editSchool = staffForm(editSchoolInput, async (call, facts) => {
  switch (await edit(call.ctx, call.viewer.id, schoolOf(call), facts)) {
    case 'saved':
      return onPageOfStaff(call, 'saved');
    case 'unknown':
      return notFound;
    case 'already-exists':
      return refuse(alreadyExists);
    case 'too-few-seats':
      return refuse({ seatLimit: 'More places than that are taken already.' });
  }
});

export const renewSchool = staffForm(renewSchoolInput, async (call, renewal) => {
  switch (await renew(call.ctx, call.viewer.id, schoolOf(call), renewal)) {
    case 'renewed':
      return onPageOfStaff(call, 'renewed');
    case 'unknown':
      return notFound;
    case 'not-later':
      return refuse({ membershipEndsOn: 'Enter a day after the last day of now.' });
    case 'too-few-seats':
      return refuse({ seatLimit: 'More places than that are taken already.' });
  }
});

export const pauseSchool = staffForm(noInput, async (call) => {
  const result = await pause(call.ctx, call.viewer.id, schoolOf(call));
  return result === 'unknown' ? notFound : onThisPage(call, 'paused');
});

export const resumeSchool = staffForm(noInput, async (call) => {
  const result = await resume(call.ctx, call.viewer.id, schoolOf(call));
  return result === 'unknown' ? notFound : onThisPage(call, 'resumed');
});

export const replaceLink = samForm(noInput, async (call) => {
  const result = await rotateActivationLink(call.ctx, call.viewer.id, schoolOf(call));
  return result === 'unknown' ? notFound : onThisPage(call, 'link-made');
});

export const revokeLink = samForm(noInput, async (call) => {
  await revokeActivationLink(call.ctx, call.viewer.id, schoolOf(call));
  return onThisPage(call, 'link-revoked');
});

/** Staff ask somebody to be SAM, with both onboarding mails. */
export const askSam = staffForm(samInput, async (call, asked) => {
  const outcome = await onboardSam(call.ctx, call.viewer.id, schoolOf(call), asked);
  return answerOffer(outcome) ?? onThisPage(call, `sam-${outcome}`);
});

/** A SAM asks somebody to be SAM beside or after them. */
export const askFellowSam = samForm(samInput, async (call, asked) => {
  const outcome = await offerSamRole(call.ctx, call.viewer, schoolOf(call), asked);
  return answerOffer(outcome) ?? onThisPage(call, `sam-${outcome}`);
});

export const correctSam = staffForm(samInput, async (call, asked) => {
  const { ctx, viewer, params } = call;
  const outcome = await correctSamOffer(ctx, viewer.id, schoolOf(call), params['offer'] ?? '', asked);
  if (outcome === 'not-pending') return notFound;
  return answerOffer(outcome) ?? onPageOfStaff(call, `sam-${outcome}`);
});

export const sendMailsAgain = staffForm(noInput, async (call) => {
  const { ctx, viewer, params } = call;
  const result = await resendOnboardingMails(ctx, viewer.id, schoolOf(call), params['offer'] ?? '');
  return result === 'not-pending' ? notFound : onPageOfStaff(call, `sam-${result}`);
});

export const withdrawOffer = staffForm(noInput, async (call) => {
  const { ctx, viewer, params } = call;
  const result = await withdrawSamOffer(ctx, viewer.id, schoolOf(call), params['offer'] ?? '');
  return result === 'not-pending' ? notFound : onPageOfStaff(call, 'sam-withdrawn');
});

export const sendOfferAgain = samForm(samOfferInput, async (call, { offerId }) => {
  const result: Resent = await resendSamOffer(call.ctx, call.viewer, schoolOf(call), offerId);
  return onThisPage(call, `sam-${result}`);
});

export const withdrawFellowOffer = samForm(samOfferInput, async (call, { offerId }) => {
  const result = await withdrawSamOffer(call.ctx, call.viewer.id, schoolOf(call), offerId);
  return onThisPage(call, `sam-${result}`);
});

export const removeSam = staffForm(samHolderInput, async (call, { userId }) => {
  await removeSamOf(call.ctx, call.viewer.id, schoolOf(call), userId);
  return onThisPage(call, 'sam-removed');
});

export const giveUpRole = samForm(noInput, async (call) => {
  const result = await giveUpSamRole(call.ctx, call.viewer.id, schoolOf(call));
  if (result === 'only-sam')
    return refuse(
      'You are the only SAM of this school. Add another first, and wait until they have set up.',
      409,
    );
  return result === 'not-sam' ? notFound : goTo('/me/communities?done=gave-up-sam');
});

export const removeMember = samForm(noInput, async (call) => {
  const { ctx, viewer, params } = call;
  const result = await removeMemberOf(ctx, viewer.id, schoolOf(call), params['user'] ?? '');
  if (result === 'is-sam')
    return refuse(
      'They are a SAM of this school. A SAM gives that role up first, then they can be removed.',
      409,
    );
  return goTo(`/sam/${schoolOf(call)}?done=${result === 'removed' ? 'member-removed' : 'not-member'}`);
});

/**
 * Behind a set-up link, for somebody without a user. `codeOfConductVersion` is the one that the site has now: what was
 * accepted on a page with an older one does not count. A second press with the same password signs in.
 */
export const setUp = (codeOfConductVersion: string) =>
  publicForm(setUpInput, async (call, { codeOfConduct: _ticked, ...input }) => {
    const { ctx, viewer } = call;
    if (viewer) return goTo(call.url.pathname);
    if (input.codeOfConductVersion !== codeOfConductVersion)
      return refuse({
        codeOfConduct: 'The code of conduct has just changed. Please read it again and tick the box.',
      });
    const secret = call.params['token'] ?? '';
    const result = await setUpUser(ctx, secret, { ...input, codeOfConductVersion });
    if ('badPassword' in result) return refuse({ password: result.badPassword });
    if (!('userId' in result)) return signInAgain(call, secret, input.password);
    const cookies = await startLoginSession(ctx, result.userId, call.device, loginCookieOf(call));
    return goTo(result.landing, cookies);
  });

/** Behind a set-up link, for the user that it was sent to. */
export const acceptSetUp = publicForm(noInput, async ({ ctx, viewer, params, url }) => {
  const result = viewer && (await acceptSetUpLink(ctx, params['token'] ?? '', viewer));
  return goTo(result && 'landing' in result ? result.landing : url.pathname);
});

/** Signs in whoever has set up before, if this is their password; else the page says what the link leads to now. */
async function signInAgain(call: Call, secret: string, password: string) {
  const { ctx, address, device, url } = call;
  const link = await findSetUp(ctx.db.read, ctx.now, secret, null);
  if (link.state !== 'used') return goTo(url.pathname);
  const result = await signIn(ctx, { email: link.email, password }, address);
  if ('refused' in result) return goTo(url.pathname);
  const cookies = await startLoginSessionWith(ctx, result, device, loginCookieOf(call));
  return cookies ? goTo(landingOf(link.setUp), cookies) : goTo(url.pathname);
}

function answerOffer(outcome: OfferOutcome) {
  switch (outcome) {
    case 'already-sam':
      return refuse({ email: 'They are a SAM of this school already.' });
    case 'already-offered':
      return refuse({ email: 'They were asked already. You can send their mail again.' });
    case 'full':
      return refuse('A SAM takes a place, and all places of this school are taken.', 409);
    case 'unknown':
      return notFound;
    default:
      return undefined;
  }
}
