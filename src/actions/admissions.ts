import { startLoginSession, startLoginSessionWith } from '../domains/accounts/login-sessions.ts';
import { signIn } from '../domains/accounts/sign-in.ts';
import { countAct, limits } from '../domains/accounts/throttles.ts';
import {
  type ApplicationOutcome,
  acceptApplication,
  applyForMembership,
  declineApplication,
  markApplicationPaid,
  resendSetUpLink,
  withdrawApplication,
} from '../domains/admissions/applications.ts';
import { endCoupon as end, findCoupon, issueCoupons as issue } from '../domains/admissions/coupons.ts';
import {
  addEnquiryNote,
  receiveEnquiry,
  replyToEnquiry,
  setEnquiryState,
} from '../domains/admissions/enquiries.ts';
import {
  acceptInput,
  applicationInput,
  couponInput,
  declineInput,
  endCouponInput,
  enquiryInput,
  enquiryStateInput,
  membershipSetUpInput,
  noInput,
  noteInput,
  paidInput,
  priceInput,
  replyInput,
} from '../domains/admissions/inputs.ts';
import {
  acceptMembershipSetUp,
  findMembershipSetUp,
  setUpMembership as setUp,
} from '../domains/admissions/membership-set-up.ts';
import { couponSentences, discountedPrice, priceQuoteLimit } from '../domains/admissions/model.ts';
import { allCommunities } from '../domains/communities/ui/read.ts';
import { siteSettings } from '../ui/content.ts';
import {
  type Call,
  goTo,
  loginCookieOf,
  notFound,
  publicForm,
  refuse,
  refuseUntil,
  show,
  signedInForm,
  staffForm,
} from './define.ts';

const formsTooOften =
  'Many forms have come from your network within the hour, so this one has to wait. Please send it again later, or write us an e-mail.';
const landing = '/me/communities?done=welcome';

/** Communities that an applicant may name, by name: not those that are for SAMs or for hosts. */
export async function communitiesToChoose() {
  const communities = await allCommunities();
  return communities.filter(({ data }) => data.membership === 'open' || data.membership === 'approval');
}

/** The price with the coupon, before anything is sent. The form keeps what was typed. */
export const quotePrice = publicForm(priceInput, async ({ ctx, address }, { coupon }) => {
  const { prices } = await siteSettings();
  if (!coupon) return show({ price: prices.individual, percentOff: 0 });
  const until = await countAct(ctx, priceQuoteLimit, address);
  if (until) return refuseUntil('Very many codes were tried from your network. Please wait a while.', until);
  const found = await findCoupon(ctx.db.read, ctx.now, coupon);
  if ('problem' in found) return refuse({ coupon: couponSentences[found.problem] });
  const { percentOff } = found;
  return show({ price: discountedPrice(prices, percentOff), percentOff });
});

/** Takes an application. `codeOfConductVersion` is the one that stands on the site now. */
export const apply = (codeOfConductVersion: string) =>
  publicForm(applicationInput, async ({ ctx, address }, { conduct: _ticked, ...application }) => {
    const until = await countAct(ctx, limits.publicForms, address);
    if (until) return refuseUntil(formsTooOften, until);
    if (application.codeOfConductVersion !== codeOfConductVersion)
      return refuse({
        conduct: 'The code of conduct has just changed. Please read it, and tick the box again.',
      });
    const slugs = new Set((await communitiesToChoose()).map(({ id }) => id));
    if (!application.communities.every((slug) => slugs.has(slug)))
      return refuse({ communities: 'Choose communities from the list.' });
    const { prices } = await siteSettings();
    const result = await applyForMembership(ctx, application, { prices, codeOfConductVersion });
    return result === 'received'
      ? goTo('/join/thank-you')
      : refuse({ coupon: couponSentences[result.coupon] });
  });

/** Takes an enquiry. Who fills in the field that nobody sees is told the same, and nothing is kept. */
export const sendEnquiry = publicForm(enquiryInput, async ({ ctx, address }, { homepage, ...enquiry }) => {
  if (homepage) return goTo('/contact/sent');
  const until = await countAct(ctx, limits.publicForms, address);
  if (until) return refuseUntil(formsTooOften, until);
  await receiveEnquiry(ctx, enquiry);
  return goTo('/contact/sent');
});

/** Behind an applicant’s set-up link. A second press with the same password signs in. */
export const setUpMembership = publicForm(membershipSetUpInput, async (call, { password }) => {
  const { ctx, viewer, url } = call;
  if (viewer) return goTo(url.pathname);
  const secret = call.params['token'] ?? '';
  const result = await setUp(ctx, secret, password);
  if ('badPassword' in result) return refuse({ password: result.badPassword });
  if (!('userId' in result)) return signInAgain(call, secret, password);
  return goTo(landing, await startLoginSession(ctx, result.userId, call.device, loginCookieOf(call)));
});

/** Behind an applicant’s set-up link, for the user that it was sent to. */
export const acceptSetUp = signedInForm(noInput, async ({ ctx, viewer, params, url }) => {
  const result = await acceptMembershipSetUp(ctx, params['token'] ?? '', viewer);
  return goTo(result === 'joined' ? landing : url.pathname);
});

/** Signs in whoever has set up before, if this is their password; else the page says what the link leads to now. */
async function signInAgain(call: Call, secret: string, password: string) {
  const { ctx, address, device, url } = call;
  const link = await findMembershipSetUp(ctx.db.read, ctx.now, secret, null);
  if (link.state !== 'used') return goTo(url.pathname);
  const result = await signIn(ctx, { email: link.email, password }, address);
  if ('refused' in result) return goTo(url.pathname);
  const cookies = await startLoginSessionWith(ctx, result, device, loginCookieOf(call));
  return cookies ? goTo(landing, cookies) : goTo(url.pathname);
}

const idOf = ({ params }: Call) => params['id'] ?? '';

export const accept = staffForm(acceptInput, async (call, { note }) =>
  afterwards(call, await acceptApplication(call.ctx, call.viewer.id, idOf(call), note), 'accepted'),
);

export const decline = staffForm(declineInput, async (call, { reason }) =>
  afterwards(call, await declineApplication(call.ctx, call.viewer.id, idOf(call), reason), 'declined'),
);

export const withdraw = staffForm(noInput, async (call) =>
  afterwards(call, await withdrawApplication(call.ctx, call.viewer.id, idOf(call)), 'withdrawn'),
);

export const markPaid = staffForm(paidInput, async (call, { note }) =>
  afterwards(call, await markApplicationPaid(call.ctx, call.viewer.id, idOf(call), note), 'paid'),
);

export const resendSetUp = staffForm(noInput, async (call) =>
  afterwards(call, await resendSetUpLink(call.ctx, call.viewer.id, idOf(call)), 'set-up-sent'),
);

function afterwards(call: Call, outcome: ApplicationOutcome | 'no-entry', done: string) {
  switch (outcome) {
    case 'unknown':
      return notFound;
    case 'moved-on':
      return refuse('Somebody has acted on this application meanwhile. Look at where it stands now.', 409);
    case 'no-entry':
      return refuse(
        'This address belongs to somebody who is suspended, or has asked to be deleted. That has to be settled first.',
        409,
      );
    default:
      return goTo(`/staff/applications/${idOf(call)}?done=${done}`);
  }
}

const onEnquiry = (call: Call, outcome: 'done' | 'unknown', done: string) =>
  outcome === 'unknown' ? notFound : goTo(`/staff/enquiries/${idOf(call)}?done=${done}`);

export const setState = staffForm(enquiryStateInput, async (call, { state }) =>
  onEnquiry(call, await setEnquiryState(call.ctx, call.viewer.id, idOf(call), state), 'moved'),
);

export const addNote = staffForm(noteInput, async (call, { body }) =>
  onEnquiry(call, await addEnquiryNote(call.ctx, call.viewer.id, idOf(call), body), 'noted'),
);

export const reply = staffForm(replyInput, async (call, { body }) =>
  onEnquiry(call, await replyToEnquiry(call.ctx, call.viewer, idOf(call), body), 'replied'),
);

export const issueCoupons = staffForm(couponInput, async ({ ctx, viewer }, input) => {
  const result = await issue(ctx, viewer.id, input);
  if (result === 'code-taken') return refuse({ code: 'There is a coupon with this code already.' }, 409);
  if (result === 'day-passed') return refuse({ lastValidOn: 'This day has passed in China already.' });
  return goTo('/staff/coupons?done=issued');
});

export const endCoupon = staffForm(endCouponInput, async ({ ctx, viewer }, { id }) =>
  (await end(ctx, viewer.id, id)) === 'unknown' ? notFound : goTo('/staff/coupons?done=ended'),
);
