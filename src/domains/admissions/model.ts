/** Words and pure rules of admissions. Browser-safe. */
import type { Day } from '../../lib/dates.ts';
import { dayIn } from '../../lib/time.ts';

/** An application goes from the first to `joined`. It ends early by staff (`declined`) or the applicant (`withdrawn`). */
export const applicationStates = ['received', 'accepted', 'paid', 'joined', 'declined', 'withdrawn'] as const;
export type ApplicationState = (typeof applicationStates)[number];

export const applicationStateNames: Readonly<Record<ApplicationState, string>> = {
  received: 'To be read',
  accepted: 'Waiting for payment',
  paid: 'Waiting for set-up',
  joined: 'Member',
  declined: 'Declined',
  withdrawn: 'Withdrawn',
};

export const enquiryStates = ['new', 'in-progress', 'answered', 'closed'] as const;
export type EnquiryState = (typeof enquiryStates)[number];

export const enquiryStateNames: Readonly<Record<EnquiryState, string>> = {
  new: 'New',
  'in-progress': 'In progress',
  answered: 'Answered',
  closed: 'Closed',
};

export const enquiryTopics = [
  'school',
  'individual',
  'member-help',
  'sam-help',
  'hosting',
  'partnership',
  'other',
] as const;
export type EnquiryTopic = (typeof enquiryTopics)[number];

export const enquiryTopicNames: Readonly<Record<EnquiryTopic, string>> = {
  school: 'Membership for a school',
  individual: 'Joining on my own',
  'member-help': 'I am a member and need help',
  'sam-help': 'I am a School Account Manager and need help',
  hosting: 'I would like to host',
  partnership: 'An association or another network',
  other: 'Something else',
};

/** How many communities an applicant may name. */
export const mostCommunities = 5;

/** Prices asked for with a code: enough to mistype, too few to guess codes. Shape of `accounts/throttles.ts`. */
export const priceQuoteLimit = { name: 'price-quotes', most: 60, inMs: 3_600_000 } as const;

/** What a membership costs now, as the site’s settings say. */
export type Prices = {
  /** ISO 4217. */
  currency: string;
  /** Whole units. */
  individual: number;
};

/** The price in whole units after `percentOff`, rounded to the nearest. The public price table reckons the same way. */
export function discountedPrice({ individual }: Prices, percentOff: number): number {
  return Math.round(individual * (1 - percentOff / 100));
}

/** `USD 145`. */
export function priceText(price: number, currency: string): string {
  return new Intl.NumberFormat('en-GB', {
    style: 'currency',
    currency,
    maximumFractionDigits: 0,
    currencyDisplay: 'code',
  })
    .format(price)
    .replaceAll('\u00a0', ' ');
}

/** Why a coupon takes nothing off. */
export type CouponProblem = 'unknown' | 'used-up' | 'ended' | 'expired';

export const couponSentences: Readonly<Record<CouponProblem, string>> = {
  unknown:
    'We do not know this code. Compare it with the one you were given, letter by letter, or leave it out.',
  'used-up': 'This coupon has been used as often as it may be. Ask whoever gave it to you, or leave it out.',
  ended: 'This coupon is no longer valid. Ask whoever gave it to you, or leave it out.',
  expired: 'The last day of this coupon has passed. Ask whoever gave it to you, or leave it out.',
};

/** What a coupon’s use depends on. */
export type CouponTerms = {
  usesAllowed: number;
  usesTaken: number;
  lastValidOn: Day | null;
  endedAt: Date | null;
};

/** What keeps a coupon from being used now; undefined when nothing does. */
export function couponProblem(coupon: CouponTerms, now: Date): Exclude<CouponProblem, 'unknown'> | undefined {
  if (coupon.endedAt) return 'ended';
  if (coupon.lastValidOn !== null && coupon.lastValidOn < chinaDay(now)) return 'expired';
  return coupon.usesTaken >= coupon.usesAllowed ? 'used-up' : undefined;
}

/** The day it is in China, where coupons end with their last day. */
export function chinaDay(now: Date): Day {
  return dayIn('Asia/Shanghai', now);
}

/** A code as it is stored, whatever people make of its letters, hyphens and spaces. */
export function normaliseCode(typed: string): string {
  return typed
    .normalize('NFKC')
    .trim()
    .toUpperCase()
    .replace(/[\s\u2010-\u2015\u2212_-]+/g, '-');
}

/** Whether staff may give a coupon this code: 4 to 24 letters and digits with single hyphens between them. */
export function isCode(code: string): boolean {
  return code.length >= 4 && code.length <= 24 && /^[A-Z0-9]+(?:-[A-Z0-9]+)*$/.test(code);
}

/** What a mail may call a person who typed their own name: nothing where it could be a message or an address. */
export function greetingName(name: string): string | undefined {
  return name.length <= 60 && !/[@:/\\<>\d]|\.\S/.test(name) ? name : undefined;
}
