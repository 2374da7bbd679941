import ical, {
  ICalAttendeeRole,
  ICalAttendeeStatus,
  ICalAttendeeType,
  type ICalCalendar,
  ICalCalendarMethod,
  type ICalEvent,
  ICalEventStatus,
  ICalEventTransparency,
} from 'ical-generator';
import { Temporal } from 'temporal-polyfill';
import { tzlib_get_ical_block } from 'timezones-ical-library';
import { listed } from '../../lib/text.ts';
import { env } from '../../platform/env.ts';
import type { LiveSessionState, RsvpAnswer } from './model.ts';

/** What calendars say of a live session. `meetingLink` is empty for whoever may not attend it. */
export type CalendarEntry = {
  id: string;
  title: string;
  focus: string;
  details: string;
  startsAt: Date;
  endsAt: Date;
  timeZone: string;
  meetingLink: string;
  state: LiveSessionState;
  cancelReason: string;
  sequence: number;
  createdAt: Date;
  updatedAt: Date;
  communities: readonly { name: string }[];
};

type Attendee = { name: string; email: string };

/**
 * An invitation (RFC 5546 section 3.2.2) that says that its reader has accepted: calendars take it over without asking, and
 * a later one with a higher SEQUENCE replaces it. `now` is when it is written.
 */
export function invitationIcs(entry: CalendarEntry, attendee: Attendee, now: Date): string {
  return method(ICalCalendarMethod.REQUEST, entry, attendee, now);
}

/** Takes the live session out of the reader’s calendar, or strikes it through there (RFC 5546 section 3.2.5). */
export function cancellationIcs(entry: CalendarEntry, attendee: Attendee, now: Date): string {
  return method(ICalCalendarMethod.CANCEL, { ...entry, state: 'cancelled' }, attendee, now);
}

/** One live session as a file to open: for whoever wants it in a calendar without an invitation. */
export function singleIcs(entry: CalendarEntry): string {
  const calendar = newCalendar();
  calendar.method(ICalCalendarMethod.PUBLISH);
  addEvent(calendar, entry, entry.updatedAt);
  return textOf(calendar);
}

/**
 * A subscribed calendar (RFC 5545). Says the same of the same entries, whenever it is asked: every DTSTAMP is the moment of
 * the last change. Who is not going has the hours free.
 */
export function feedIcs(entries: readonly FeedEntry[]): string {
  return `${feedHead(entries)}${entries.map(feedEvent).join('')}END:VCALENDAR\r\n`;
}

type FeedEntry = CalendarEntry & { answer: RsvpAnswer | null };

/** What stands in a feed above its events: what it is, and the zones that they are in. */
function feedHead(entries: readonly FeedEntry[]): string {
  const oneOfEachZone = new Map(entries.map((entry) => [zoneFor(entry) ?? '', entry]));
  const key = [...oneOfEachZone.keys()].join(' ');
  return known(
    feedHeads,
    200,
    key,
    () => feedText([...oneOfEachZone.values()]).split(/BEGIN:VEVENT|END:VCALENDAR/)[0]!,
  );
}

/** One event of a feed. The same live session reads the same to everybody who has, or has not, a place and its link. */
function feedEvent(entry: FeedEntry): string {
  const { id, sequence, updatedAt, meetingLink, communities } = entry;
  const names = communities.map(({ name }) => name);
  const key = JSON.stringify([id, sequence, updatedAt, meetingLink, names, entry.answer === 'going']);
  return known(feedEvents, 5000, key, () => {
    const text = feedText([entry]);
    return text.slice(text.indexOf('BEGIN:VEVENT'), text.lastIndexOf('END:VCALENDAR'));
  });
}

function feedText(entries: readonly FeedEntry[]): string {
  const calendar = newCalendar();
  calendar.name('PeerSphere').ttl(feedRefreshSeconds);
  for (const entry of entries) {
    const event = addEvent(calendar, entry, entry.updatedAt);
    event.transparency(
      entry.answer === 'going' ? ICalEventTransparency.OPAQUE : ICalEventTransparency.TRANSPARENT,
    );
  }
  return textOf(calendar);
}

const feedHeads = new Map<string, string>();
const feedEvents = new Map<string, string>();

/** The text of `key`, made where it is not known; of more than `most`, those not asked for the longest are forgotten. */
function known(texts: Map<string, string>, most: number, key: string, make: () => string): string {
  const text = texts.get(key) ?? make();
  texts.delete(key);
  texts.set(key, text);
  for (const oldest of texts.keys()) {
    if (texts.size <= most) break;
    texts.delete(oldest);
  }
  return text;
}

/** How often calendars are asked to look at a feed again, in seconds. */
export const feedRefreshSeconds = 3600;

/** A link that opens Google Calendar with the live session filled in. */
export function googleCalendarUrl(entry: CalendarEntry): string {
  const params = new URLSearchParams({
    action: 'TEMPLATE',
    text: entry.title,
    dates: `${basicUtc(entry.startsAt)}/${basicUtc(entry.endsAt)}`,
    details: descriptionOf(entry),
    ...(entry.meetingLink && { location: entry.meetingLink }),
  });
  return `https://calendar.google.com/calendar/render?${params}`;
}

/** A link that opens Outlook on the web with the live session filled in. */
export function outlookCalendarUrl(entry: CalendarEntry): string {
  const params = new URLSearchParams({
    path: '/calendar/action/compose',
    rru: 'addevent',
    subject: entry.title,
    startdt: entry.startsAt.toISOString(),
    enddt: entry.endsAt.toISOString(),
    body: descriptionOf(entry),
    ...(entry.meetingLink && { location: entry.meetingLink }),
  });
  return `https://outlook.office.com/calendar/deeplink/compose?${params}`;
}

const basicUtc = (at: Date) => at.toISOString().replace(/[-:]|\.\d{3}/g, '');

function method(as: ICalCalendarMethod, entry: CalendarEntry, attendee: Attendee, now: Date): string {
  const calendar = newCalendar();
  calendar.method(as);
  const event = addEvent(calendar, entry, now);
  event.organizer({ name: 'PeerSphere', email: senderAddress() });
  event.createAttendee({
    name: inParameter(attendee.name),
    email: attendee.email,
    type: ICalAttendeeType.INDIVIDUAL,
    role: ICalAttendeeRole.REQ,
    status: ICalAttendeeStatus.ACCEPTED,
    rsvp: false,
  });
  return textOf(calendar);
}

function newCalendar(): ICalCalendar {
  const calendar = ical({ prodId: { company: 'PeerSphere', product: 'PeerSphere', language: 'EN' } });
  return calendar.timezone({ name: null, generator: (zone) => zoneOf(zone)?.block ?? null });
}

function addEvent(calendar: ICalCalendar, entry: CalendarEntry, stamp: Date): ICalEvent {
  const zone = zoneFor(entry);
  const event = calendar.createEvent({
    id: `${entry.id}@${new URL(env.siteUrl).host}`,
    sequence: entry.sequence,
    stamp,
    created: entry.createdAt,
    lastModified: entry.updatedAt,
    start: inZone(entry.startsAt, zone),
    end: inZone(entry.endsAt, zone),
    timezone: zone,
    summary: inText(entry.title).replaceAll('\n', ' '),
    description: inText(descriptionOf(entry)),
    url: pageOf(entry),
    status: entry.state === 'cancelled' ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
    transparency: ICalEventTransparency.OPAQUE,
  });
  if (entry.meetingLink && entry.state !== 'cancelled') event.location(inText(entry.meetingLink));
  return event;
}

const pageOf = ({ id }: { id: string }) => `${env.siteUrl}/live-sessions/${id}`;

function descriptionOf(entry: CalendarEntry): string {
  const isCancelled = entry.state === 'cancelled';
  return [
    isCancelled && `This live session is cancelled. ${entry.cancelReason}`.trim(),
    entry.focus,
    entry.details,
    entry.communities.length > 0 && `A live session of ${listed(entry.communities.map(({ name }) => name))}.`,
    !isCancelled && entry.meetingLink && `Join: ${entry.meetingLink}`,
    `On PeerSphere: ${pageOf(entry)}`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** The bare address that mails come from. */
function senderAddress(): string {
  return /<([^<>]+)>$/.exec(env.emailFrom)?.[1] ?? env.emailFrom;
}

const zones = new Map<string, { id: string; block: string } | undefined>();

/** The VTIMEZONE of a zone and the name that it has there; undefined for UTC and for a zone that is not known. */
function zoneOf(name: string): { id: string; block: string } | undefined {
  if (!zones.has(name)) zones.set(name, readZone(name));
  return zones.get(name);
}

function readZone(name: string): { id: string; block: string } | undefined {
  const [block = '', parameter = ''] = tzlib_get_ical_block(name);
  const id = parameter.replace(/^TZID=/, '');
  return block.startsWith('BEGIN:VTIMEZONE') && id && id !== 'Etc/UTC' ? { id, block } : undefined;
}

/**
 * The zone in which an entry is written; null for UTC. An hour that clocks show twice is the first one (RFC 5545 section
 * 3.3.5), but not to every program: what begins or ends in it is written in UTC.
 */
function zoneFor({ timeZone, startsAt, endsAt }: CalendarEntry): string | null {
  const zone = zoneOf(timeZone)?.id;
  if (!zone) return null;
  const key = `${zone} ${startsAt.getTime()} ${endsAt.getTime()}`;
  return known(zonesOfTimes, 5000, key, () => (bothOnce(startsAt, endsAt, zone) ? zone : '')) || null;
}

const zonesOfTimes = new Map<string, string>();

const bothOnce = (startsAt: Date, endsAt: Date, zone: string) =>
  happensOnce(startsAt, zone) && happensOnce(endsAt, zone);

function happensOnce(at: Date, zone: string): boolean {
  const wall = Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(zone)
    .toPlainDateTime();
  const instantOf = (disambiguation: 'earlier' | 'later') =>
    wall.toZonedDateTime(zone, { disambiguation }).epochMilliseconds;
  return instantOf('earlier') === instantOf('later');
}

/** ical-generator would write a plain Date in the server’s own zone. */
function inZone(at: Date, zone: string | null) {
  return zone ? Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone) : at;
}

/** Text without control characters other than line breaks (RFC 5545 section 3.3.11) and without broken surrogates. */
function inText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/(?!\n)\p{Cc}/gu, ' ');
}

const inParameter = (text: string) => inText(text).replaceAll('\n', ' ');

/** The object ends with a line break too, as every content line does (RFC 5545 section 3.1). */
const textOf = (calendar: ICalCalendar) => `${calendar.toString()}\r\n`;
