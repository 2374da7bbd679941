import type { LiveSessionChange } from './model.ts';
import type { LiveSessionView } from './queries.ts';

/** What calendars, mails and the page of a live session say differently now, in the order in which people want to know it. */
export function changesBetween(before: LiveSessionView, after: LiveSessionView): LiveSessionChange[] {
  const differs: [LiveSessionChange, boolean][] = [
    ['cancelled', before.state !== 'cancelled' && after.state === 'cancelled'],
    ['confirmed', before.state !== 'confirmed' && after.state === 'confirmed'],
    ['recording', before.recordingUrl !== after.recordingUrl],
    ['time', timesOf(before) !== timesOf(after)],
    ['link', before.meetingLink !== after.meetingLink],
    ['title', before.title !== after.title],
    ['focus', before.focus !== after.focus],
    ['details', before.details !== after.details],
    ['preReading', before.preReading !== after.preReading],
    ['deck', before.deckUrl !== after.deckUrl],
    ['communities', slugsOf(before) !== slugsOf(after)],
    ['people', peopleOf(before) !== peopleOf(after)],
  ];
  return differs.filter(([, isDifferent]) => isDifferent).map(([change]) => change);
}

const timesOf = ({ startsAt, endsAt, timeZone }: LiveSessionView) =>
  `${startsAt.getTime()} ${endsAt.getTime()} ${timeZone}`;
const slugsOf = ({ communities }: LiveSessionView) => communities.map(({ slug }) => slug).join(' ');
const peopleOf = ({ people }: LiveSessionView) =>
  people
    .map(({ userId, part }) => `${userId} ${part}`)
    .sort()
    .join();
