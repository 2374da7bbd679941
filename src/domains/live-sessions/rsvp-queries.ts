import type { Reads } from '#db/client.ts';
import type { Viewer } from '../accounts/model.ts';
import { findAttendee } from './attendees.ts';
import type { RsvpAnswer } from './model.ts';
import { mayAttend } from './policy.ts';
import { findLiveSession, type LiveSessionView } from './queries.ts';
import { refusalOf, rsvpOf } from './rsvp.ts';
import { readRsvpToken } from './rsvp-links.ts';
import type { GivenAnswer, RsvpRefusal } from './rsvp-words.ts';

export type RsvpPageView = {
  liveSession: LiveSessionView;
  answer: RsvpAnswer | undefined;
  /** Where they stand in the waiting list, from 1. */
  place: number | undefined;
  /** Why they cannot answer. */
  problem: RsvpRefusal | undefined;
};

/** What the page shows on which somebody answers; undefined for a draft, as for what there is not. */
export async function findRsvpPage(
  read: Reads,
  now: Date,
  viewer: Pick<Viewer, 'id'>,
  liveSessionId: string,
): Promise<RsvpPageView | undefined> {
  const [found, attendee] = await Promise.all([
    findLiveSession(read, liveSessionId),
    findAttendee(read, now, viewer.id),
  ]);
  if (!found || !attendee || found.state === 'draft') return undefined;
  const given = await rsvpOf(read, found.id, attendee.id);
  const problem = refusalOf(found, attendee, now);
  return { liveSession: { ...found, meetingLink: '' }, answer: given?.answer, place: given?.place, problem };
}

/** The same for a link from a mail, with the answer that it stands for; undefined when it is not one of ours. */
export async function findRsvpLink(
  read: Reads,
  now: Date,
  token: string,
): Promise<(RsvpPageView & { asked: GivenAnswer; timeZone: string }) | undefined> {
  const link = readRsvpToken(token);
  const page = link && (await findRsvpPage(read, now, { id: link.userId }, link.liveSessionId));
  const attendee = link && (await findAttendee(read, now, link.userId));
  if (!page || !attendee) return undefined;
  const problem = page.problem ?? (link.expiresAt <= now ? 'over' : undefined);
  return { ...page, problem, asked: link.answer, timeZone: attendee.timeZone };
}

/**
 * The live session for the calendar of somebody who may attend; undefined for everybody else. Where places are counted, its
 * link is only for those who have one.
 */
export async function findForCalendar(
  read: Reads,
  now: Date,
  viewer: Pick<Viewer, 'id'>,
  liveSessionId: string,
): Promise<LiveSessionView | undefined> {
  const [found, attendee] = await Promise.all([
    findLiveSession(read, liveSessionId),
    findAttendee(read, now, viewer.id),
  ]);
  if (!found || !attendee || found.state === 'draft') return undefined;
  if (!mayAttend(attendee, attendee.memberships, found)) return undefined;
  const given = await rsvpOf(read, found.id, attendee.id);
  const hasPlace = found.capacity === null || given?.answer === 'going';
  return hasPlace ? found : { ...found, meetingLink: '' };
}
