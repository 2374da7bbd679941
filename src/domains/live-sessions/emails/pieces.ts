import { listed } from '../../../lib/text.ts';
import { dayIn, spanText, zoneText } from '../../../lib/time.ts';
import { env } from '../../../platform/env.ts';
import type { Block } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';

/** To whom a mail about a live session goes, and the links of it that answer with one press, without signing in. */
export type Reader = { name: string; timeZone: string; links: { going: string; cant: string } };

const china = 'Asia/Shanghai';

/** The live session in a few lines. Times in the reader’s zone and, where clocks differ, in China’s. */
export function facts(liveSession: LiveSessionView, timeZone: string): Block {
  const { title, communities } = liveSession;
  const times = whenIn(liveSession, timeZone);
  const chinaTimes = whenIn(liveSession, china);
  const sameClock = zoneOffset(liveSession.startsAt, timeZone) === zoneOffset(liveSession.startsAt, china);
  return {
    facts: [
      ['Live session', title],
      ...(communities.length > 0 ? [pair('Community', listed(communities.map(({ name }) => name)))] : []),
      pair('When', times),
      ...(sameClock ? [] : [pair('China time', chinaTimes)]),
    ],
  };
}

/** `Tue 24 Nov 2026, 16:00 to 17:30, Nepal Time (GMT+5:45)`. */
export function whenIn({ startsAt, endsAt }: LiveSessionView, timeZone: string): string {
  return `${spanText(startsAt, endsAt, timeZone)}, ${zoneText(timeZone, startsAt)}`;
}

const pair = (label: string, value: string): [string, string] => [label, value];

const zoneOffset = (at: Date, timeZone: string) => `${dayIn(timeZone, at)} ${spanText(at, at, timeZone)}`;

export const pageUrl = ({ id }: { id: string }) => `${env.siteUrl}/live-sessions/${id}`;

/** How to join, for those who may attend and have a place: nobody else is sent the link. */
export function howToJoin(liveSession: LiveSessionView): Block {
  if (liveSession.meetingLink)
    return {
      paragraph: [
        'Join here when it begins: ',
        { link: liveSession.meetingLink, href: liveSession.meetingLink },
        '. The link is for you: please do not pass it on.',
      ],
    };
  return {
    paragraph: [
      'The meeting link will stand on ',
      { link: 'the page of the live session', href: pageUrl(liveSession) },
      ', and we mail it to you when it is there.',
    ],
  };
}
