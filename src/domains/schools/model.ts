/** Words and pure rules of schools. Browser-safe. */
import type { Day } from '../../lib/dates.ts';
import { dayIn } from '../../lib/time.ts';

/** What the profile form asks beyond name, address and password. */
export type SignUpProfile = {
  jobTitle: string;
  subjects: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** IANA name. */
  timeZone: string;
};

/** Where a school’s membership stands. A membership that is over is `ended` even while paused. */
export const membershipStates = ['active', 'paused', 'not-started', 'ended'] as const;
export type MembershipState = (typeof membershipStates)[number];

export const membershipStateNames: Readonly<Record<MembershipState, string>> = {
  active: 'Active',
  paused: 'Paused',
  'not-started': 'Not started',
  ended: 'Ended',
};

/** What the state of a membership depends on. */
export type MembershipYear = {
  timeZone: string;
  membershipStartsOn: Day;
  membershipEndsOn: Day;
  pausedAt: Date | null;
};

/** Where the membership stands at `now`. Its year begins and ends with the day in the school’s own time zone. */
export function membershipState(school: MembershipYear, now: Date): MembershipState {
  const today = dayIn(school.timeZone, now);
  if (today > school.membershipEndsOn) return 'ended';
  if (school.pausedAt) return 'paused';
  return today < school.membershipStartsOn ? 'not-started' : 'active';
}

/** Whether somebody new may join, and why not. `full`: all places are taken or kept for SAMs. */
export type JoiningState = 'open' | 'paused' | 'ended' | 'not-started' | 'full';

/** Whether somebody new may join a school whose membership stands so; `full` only where it would else be open. */
export function joiningState(school: {
  state: MembershipState;
  seatLimit: number | null;
  seatsTaken: number;
}): JoiningState {
  if (school.state !== 'active') return school.state;
  return school.seatLimit !== null && school.seatsTaken >= school.seatLimit ? 'full' : 'open';
}

export type JoiningProblem = Exclude<JoiningState, 'open'> | 'other-domain';

/** What keeps this address from joining the school; undefined when nothing does. People who are in already are not asked. */
export function joiningProblem(
  school: { state: JoiningState; emailDomains: readonly string[] },
  email: string,
): JoiningProblem | undefined {
  if (school.state !== 'open') return school.state;
  return isAtDomains(email, school.emailDomains) ? undefined : 'other-domain';
}

/** Whether the address is at exactly one of these domains; any address is where the list is empty. */
export function isAtDomains(email: string, domains: readonly string[]): boolean {
  return domains.length === 0 || domains.includes(domainOf(email));
}

/** A domain as it is stored: lower case, in ASCII, without what people put before it. Undefined when it is none. */
export function normaliseDomain(text: string): string | undefined {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/^@/, '')
    .replace(/\/$/, '');
  if (bare.length > 253 || /[\s@/?#:\\%<>()[\],;"]/.test(bare)) return undefined;
  const labels = URL.parse(`http://${bare}`)?.hostname.split('.') ?? [];
  const isLabel = (label: string) => /^[a-z0-9-]{1,63}$/.test(label) && !/^-|-$/.test(label);
  const isName = labels.length > 1 && labels.every(isLabel) && /^[a-z]./.test(labels.at(-1) ?? '');
  return isName ? labels.join('.') : undefined;
}

function domainOf(email: string): string {
  const domain = email.trim().split('@').at(-1) ?? '';
  return normaliseDomain(domain) ?? domain.toLowerCase();
}

/** Why an activation link does nothing any more. */
export type LinkEnd = 'rotated' | 'revoked';

/** How long after a mail with a set-up link went out a second press sends no other, in milliseconds. */
export const resendPauseMs = 60_000;

/** What may keep staff from saving a school. `too-few-seats`: fewer places than are taken. */
export type SchoolRefusal = 'unknown' | 'already-exists' | 'too-few-seats';

/** What came of asking somebody to be SAM. `granted`: they were a member of the school, so they are SAM at once. */
export type OfferOutcome = 'offered' | 'granted' | 'already-sam' | 'already-offered' | 'full' | 'unknown';
