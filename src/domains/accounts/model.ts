/** Words and pure rules of accounts. Browser-safe. */
import type { Id } from '../../platform/ids.ts';

/** `sam` and `member` are of a school, `host` of a community; a member without a school has an empty scope. */
export const roles = ['staff', 'editor', 'ta', 'sam', 'host', 'member'] as const;
export type Role = (typeof roles)[number];

export const tokenPurposes = [
  'verify-sign-up',
  'join-school',
  'set-up',
  'invitation',
  'reset-password',
  'change-address',
  'undo-address',
] as const;
export type TokenPurpose = (typeof tokenPurposes)[number];

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How long each kind of link works, in milliseconds. The handbooks and the privacy page tell people the same. */
export const tokenLifetimesMs: Readonly<Record<TokenPurpose, number>> = {
  'verify-sign-up': day,
  'join-school': day,
  'set-up': 7 * day,
  invitation: 30 * day,
  'reset-password': 30 * minute,
  'change-address': day,
  'undo-address': 7 * day,
};

export type ProfileLink = { label: string; url: string };

/** Parts of a profile whose audience the user chooses. Name is always shown to members, the address never. */
export const profileParts = [
  'picture',
  'about',
  'jobTitle',
  'school',
  'country',
  'languages',
  'links',
  'timeZone',
] as const;
export type ProfilePart = (typeof profileParts)[number];
export const audiences = ['members', 'communities', 'nobody'] as const;
export type Audience = (typeof audiences)[number];
export type Visibility = Partial<Record<ProfilePart, Audience>>;

/** Whether `who` sees a part: every member, or somebody who is in one of the user’s communities. */
export function isShownTo(
  who: Exclude<Audience, 'nobody'>,
  part: ProfilePart,
  visibility: Visibility,
): boolean {
  const audience = visibility[part] ?? 'members';
  return audience === 'members' || audience === who;
}

/** The first five steps of a member, in their order. */
export const stepNames = ['picture', 'about', 'hub', 'rsvp', 'survey'] as const;
export type StepName = (typeof stepNames)[number];

/** Longest texts of a profile, in characters, and how many languages. */
export const profileLimits = {
  name: 120,
  jobTitle: 120,
  subjects: 200,
  workplace: 120,
  about: 2000,
  linkLabel: 60,
  url: 300,
  links: 5,
  languages: 12,
} as const;

/** Of an uploaded profile picture. */
export const pictureLimits = { bytes: 5_000_000, kinds: ['image/jpeg', 'image/png', 'image/webp'] } as const;

export const passwordLimits = { least: 10, most: 128 } as const;

/** How long after the password was given somebody may do what needs it. */
const recentSignInMs = 15 * minute;

/** How long a user has to change their mind after asking to be erased. */
export const erasureGraceMs = 7 * day;

/** What keeps somebody signed in, as the user sees it. Its id is the hash of what the cookie holds. */
export type LoginSession = {
  idHash: string;
  createdAt: Date;
  lastUsedAt: Date;
  authenticatedAt: Date;
  device: string;
};

export type Grant = { role: Role; scopeId: string };

/** Who sent a request: read anew each time, so that a change of rights counts at once. */
export type Viewer = {
  id: Id<'usr'>;
  name: string;
  email: string;
  timeZone: string;
  pictureId: Id<'pic'> | null;
  grants: readonly Grant[];
  loginSession: LoginSession;
};

/** Whether the viewer holds `role` anywhere, or in `scopeId` where one is given. Staff hold only what they were granted. */
export function hasRole(viewer: Pick<Viewer, 'grants'>, role: Role, scopeId?: string): boolean {
  return viewer.grants.some(
    (grant) => grant.role === role && (scopeId === undefined || grant.scopeId === scopeId),
  );
}

/** Ids of what the viewer holds `role` of: schools for `sam` and `member`, slugs of communities for `host`. */
export function scopesOf(viewer: Pick<Viewer, 'grants'>, role: Role): string[] {
  return viewer.grants.filter((grant) => grant.role === role && grant.scopeId).map(({ scopeId }) => scopeId);
}

/** Whether somebody may see what is for members. Hosts hold full membership; staff, editors and TAs need it for their work. */
export function isMember(viewer: Pick<Viewer, 'grants'>): boolean {
  return viewer.grants.length > 0;
}

/** Whether the password was given so short a time ago that what needs it may be done. */
export function isRecentlySignedIn(viewer: Pick<Viewer, 'loginSession'>, now: Date): boolean {
  return now.getTime() - viewer.loginSession.authenticatedAt.getTime() <= recentSignInMs;
}

/** The address as it is stored and compared: without spaces around it, in lower case, its domain in ASCII. */
export function normaliseAddress(address: string): string {
  const [local = '', domain = ''] = address.trim().normalize('NFC').toLowerCase().split('@');
  return `${local}@${URL.parse(`http://${domain}`)?.hostname ?? domain}`;
}

/** Why a link from a mail does nothing: it was never one of ours, or it is over. */
export type TokenProblem = 'malformed' | 'unknown' | 'expired' | 'used' | 'revoked';

/** The HTTP status of a page about such a link: gone, or not found. */
export function linkStatus(problem: TokenProblem): 404 | 410 {
  return problem === 'malformed' || problem === 'unknown' ? 404 : 410;
}
