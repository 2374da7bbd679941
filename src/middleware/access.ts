import { hasRole, isMember, isRecentlySignedIn, type Viewer } from '../domains/accounts/model.ts';

/**
 * Who may enter a route. `member`: whoever holds any role; `ta`: who takes attendance, which hosts and staff do too; `editor`: editors and staff;
 * `cms`: the same, and nobody else learns that it is there. `recently`: only within fifteen minutes of giving the password.
 */
export type Rule =
  | 'anyone'
  | 'signed-in'
  | 'signed-in recently'
  | 'member'
  | 'sam'
  | 'host'
  | 'ta'
  | 'staff'
  | 'staff recently'
  | 'editor'
  | 'cms';

/**
 * Who may enter which on-demand route, by route pattern. A route without a row is answered as one that does not exist,
 * and fails a test. This is the door; whether somebody may see or change this very object, its domain decides.
 */
export const access: Readonly<Record<string, Rule>> = {
  '/resources/[slug]/read': 'signed-in',
  '/communities/[slug]/hub': 'signed-in',
  '/communities/[slug]/hub/live-sessions': 'signed-in',
  '/communities/[slug]/hub/members': 'signed-in',
  '/communities/[slug]/hub/resources': 'signed-in',
  '/communities/[slug]/hub/survey': 'signed-in',
  '/communities/[slug]/hub/survey/questions': 'signed-in',
  '/communities/[slug]/hub/survey/responses': 'signed-in',
  '/sign-in': 'anyone',
  '/sign-in/confirm': 'signed-in',
  '/sign-out': 'anyone',
  '/forgot-password': 'anyone',
  '/reset-password/[token]': 'anyone',
  '/unsubscribe/[token]': 'anyone',
  '/webhooks/resend': 'anyone',
  '/webhooks/content': 'anyone',
  '/live-sessions/[id]': 'anyone',
  '/live-sessions/[id]/recording': 'signed-in',
  '/live-sessions/[id]/attendance': 'ta',
  '/live-sessions/[id]/attendance/import/[import]': 'ta',
  '/attendance': 'ta',
  '/host': 'host',
  '/host/live-sessions/new': 'host',
  '/host/live-sessions/[id]/edit': 'host',
  '/staff/live-sessions': 'staff',
  '/staff/settings': 'staff',
  '/_server-islands/[name]': 'anyone',
  '/me/menu': 'anyone',
  '/me': 'signed-in',
  '/me/communities': 'signed-in',
  '/me/record': 'signed-in',
  '/me/record/pdf': 'signed-in',
  '/record/[code]': 'anyone',
  '/me/profile': 'signed-in',
  '/me/picture': 'signed-in',
  '/me/address': 'signed-in',
  '/me/password': 'signed-in',
  '/me/export': 'signed-in recently',
  '/me/delete': 'signed-in',
  '/pictures/[id]': 'signed-in',
  '/staff/schools': 'staff',
  '/staff/schools/new': 'staff',
  '/staff/schools/[school]': 'staff',
  '/staff/schools/[school]/edit': 'staff',
  '/staff/schools/[school]/renew': 'staff',
  '/staff/schools/[school]/sams/[offer]': 'staff',
  '/sam': 'sam',
  '/sam/[school]': 'sam',
  '/sam/[school]/remove/[user]': 'sam',
  '/sam/[school]/members.[format]': 'sam',
  '/sam/[school]/attendance': 'sam',
  '/sam/[school]/attendance.[format]': 'sam',
  '/sam/[school]/charts': 'sam',
  '/sam/[school]/report.[format]': 'sam',
  '/sam/[school]/nudges': 'sam',
  '/sam/[school]/launch-kit': 'sam',
  '/sam/[school]/launch-kit/guide': 'sam',
  '/sam/[school]/launch-kit/deck': 'sam',
  '/sam/[school]/launch-kit/notes': 'sam',
  '/set-up/[token]': 'anyone',
  '/staff': 'staff',
  '/staff/people': 'staff',
  '/staff/people/[id]': 'staff',
  '/staff/people/[id]/roles': 'staff recently',
  '/staff/outbox': 'staff',
  '/staff/outbox/[id]': 'staff',
  '/staff/outbox/suppressions': 'staff',
  '/staff/audit': 'staff',
  '/join': 'anyone',
  '/join/thank-you': 'anyone',
  '/join/set-up/[token]': 'anyone',
  '/contact/send': 'anyone',
  '/contact/sent': 'anyone',
  '/staff/applications': 'staff',
  '/staff/applications/[id]': 'staff',
  '/staff/coupons': 'staff',
  '/staff/enquiries': 'staff',
  '/staff/enquiries/[id]': 'staff',
  '/staff/health': 'staff',
  '/staff/publishing': 'editor',
  '/staff/publishing/now': 'editor',
  '/staff/publishing/releases/[release]': 'editor',
  '/staff/publishing/failures/[release]': 'editor',
  '/staff/publishing/history': 'editor',
  '/staff/publishing/history/[commit]': 'editor',
  '/staff/publishing/entry/[...path]': 'editor',
  '/staff/publishing/file/[commit]/[...path]': 'editor',
  '/staff/publishing/kept/[id]': 'editor',
  '/staff/publishing/planned': 'editor',
  '/staff/publishing/planned/new': 'editor',
  '/staff/publishing/planned/[id]': 'editor',
  '/staff/publishing/preview/[of]/[...path]': 'editor',
  '/keystatic/[...params]': 'cms',
  '/api/keystatic/[...params]': 'cms',
  '/activate/sent': 'anyone',
  '/activate/[token]': 'anyone',
  '/verify/[token]': 'anyone',
  '/sam/[school]/invite': 'sam',
  '/sessions': 'anyone',
  '/me/calendar': 'signed-in',
  '/me/calendar/subscribe': 'signed-in',
  '/me/calendar/reminders': 'signed-in',
  '/live-sessions/[id]/rsvp': 'anyone',
  '/live-sessions/[id]/calendar.ics': 'signed-in',
  '/rsvp/[token]': 'anyone',
  '/calendar/[token].ics': 'anyone',
  '/404': 'anyone',
  '/500': 'anyone',
};

/** Routes that programs elsewhere post to, without the Origin that our own pages have. Each proves itself in another way. */
export const postedFromElsewhere: ReadonlySet<string> = new Set([
  '/webhooks/resend',
  '/webhooks/content',
  '/unsubscribe/[token]',
]);

export type Entry = 'enter' | 'sign-in' | 'confirm' | 'not-found';

/** What a request meets at the door: it enters, is led to sign-in, is asked for the password again, or finds nothing. */
export function entryOf(
  routePattern: string,
  viewer: Viewer | null,
  { now, cmsIsOpen }: { now: Date; cmsIsOpen: boolean },
): Entry {
  const rule = Object.hasOwn(access, routePattern) ? access[routePattern] : undefined;
  if (rule === undefined) return 'not-found';
  if (rule === 'anyone') return 'enter';
  if (rule === 'cms') return cmsIsOpen || (viewer && isWriter(viewer)) ? 'enter' : 'not-found';
  if (!viewer) return 'sign-in';
  const [who, recently] = rule.split(' ');
  if (!holds(viewer, who as Rule)) return 'not-found';
  return recently && !isRecentlySignedIn(viewer, now) ? 'confirm' : 'enter';
}

function holds(viewer: Viewer, rule: Rule): boolean {
  switch (rule) {
    case 'signed-in':
      return true;
    case 'member':
      return isMember(viewer);
    case 'sam':
      return hasRole(viewer, 'sam') || hasRole(viewer, 'staff');
    case 'host':
      return hasRole(viewer, 'host') || hasRole(viewer, 'staff');
    case 'ta':
      return hasRole(viewer, 'ta') || hasRole(viewer, 'host') || hasRole(viewer, 'staff');
    case 'staff':
      return hasRole(viewer, 'staff');
    case 'editor':
      return isWriter(viewer);
    default:
      return false;
  }
}

const isWriter = (viewer: Viewer) => hasRole(viewer, 'editor') || hasRole(viewer, 'staff');
