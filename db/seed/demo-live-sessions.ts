import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import type { Db } from '#db/client.ts';
import { findUserByAddress } from '#src/domains/accounts/users.ts';
import { confirmImport, decideRows, uploadMeetingFile } from '#src/domains/attendance/imports.ts';
import { confirmWatched, openRecording } from '#src/domains/attendance/recordings.ts';
import {
  cancelLiveSession,
  confirmDetails,
  createLiveSession,
  type Plan,
  publishRecording,
} from '#src/domains/live-sessions/plan.ts';
import { rsvp } from '#src/domains/live-sessions/rsvp.ts';
import type { SeasonFacts } from '#src/domains/live-sessions/seasons.ts';
import { wallTimeAt } from '#src/domains/live-sessions/zoned-time.ts';
import { env } from '#src/platform/env.ts';
import type { Id } from '#src/platform/ids.ts';

/** The database as it is so many days ago. */
export type At = (daysAgo: number) => { db: Db; now: Date };

type Fate = 'scheduled' | 'confirmed' | 'recorded' | 'cancelled' | 'draft';

type DemoLiveSession = {
  /** Days from now, and the hour of the clock in China. */
  days: number;
  clock: string;
  slug: string;
  fate: Fate;
  plan: Partial<Plan> & Pick<Plan, 'title' | 'focus'>;
  /** Minutes by address, as the meeting tool counted them; left out where its file is still awaited. */
  attended?: Record<string, number>;
  /** Who watched the recording afterwards. */
  watched?: string[];
};

/** Of round 1 and 2, over the last weeks: all held; the file of the last two is still to come, one of them late. */
const past: DemoLiveSession[] = [
  {
    ...{ days: -30, clock: '16:00', slug: 'school-librarians', fate: 'recorded' },
    plan: {
      ...{ title: 'Weeding without regret', round: 1 },
      focus: 'Which books may go, who decides, and what to say when a colleague carries them back.',
      details: 'Two peers show their shelves before and after. Bring one book that you cannot part with.',
    },
    attended: {
      'host@example.test': 94,
      'member@example.test': 88,
      'wen.li.abara@example.test': 81,
      'delphine.marwick@example.test': 12,
    },
    watched: ['sam@example.test', 'delphine.marwick@example.test'],
  },
  {
    ...{ days: -27, clock: '15:30', slug: 'school-nurses', fate: 'confirmed' },
    plan: { title: 'Who may give which medicine', focus: 'Rules of four countries, side by side.', round: 1 },
    attended: { 'tomasz.achterberg@example.test': 90 },
  },
  {
    ...{ days: -25, clock: '16:30', slug: 'phonics-and-early-reading', fate: 'recorded' },
    plan: {
      title: 'Sounds before letters',
      focus: 'What five-year-olds hear, and what we do with it.',
      round: 1,
    },
    attended: { 'aiko.brandvold@example.test': 76 },
    watched: ['member@example.test'],
  },
  {
    ...{ days: -21, clock: '17:00', slug: 'instructional-coaches', fate: 'confirmed' },
    plan: { title: 'The first ten minutes after a lesson', focus: 'Asking before telling.', round: 1 },
    attended: { 'gwendolyn.ishii@example.test': 91, 'philippa.nakagawa@example.test': 64 },
  },
  {
    ...{ days: -19, clock: '16:00', slug: 'chinese-language-teachers', fate: 'confirmed' },
    plan: { title: '识字还是写字', focus: 'Reading characters or writing them: what comes first.', round: 1 },
    attended: { 'wen.li.abara@example.test': 85 },
  },
  {
    ...{ days: -16, clock: '16:00', slug: 'it-support-teams', fate: 'confirmed' },
    plan: {
      title: 'One device list for everybody',
      focus: 'What stands in it, and who keeps it true.',
      round: 1,
    },
    attended: { 'rashid.olander@example.test': 22 },
  },
  {
    ...{ days: -13, clock: '17:30', slug: 'university-counsellors', fate: 'confirmed' },
    plan: {
      title: 'Predicted grades, honestly',
      focus: 'How we arrive at them, and how we explain them.',
      round: 1,
    },
    attended: { 'hamza.trevelyan@example.test': 90 },
  },
  {
    ...{ days: -6, clock: '16:30', slug: 'learning-support-teachers', fate: 'confirmed' },
    plan: { title: 'A plan that fits on one page', focus: 'What a class teacher reads on Monday.', round: 1 },
  },
  {
    ...{ days: -1, clock: '15:30', slug: 'school-nurses', fate: 'confirmed' },
    plan: {
      title: 'Head lice, head injuries and head offices',
      focus: 'What you write down, and for whom.',
      round: 2,
    },
  },
];

const coming: DemoLiveSession[] = [
  {
    ...{ days: 2, clock: '16:00', slug: 'school-librarians', fate: 'confirmed' },
    plan: {
      ...{ title: 'Books in home languages', round: 2, capacity: 3 },
      focus: 'Where to buy them, how to shelve them, and how families find out.',
      details: 'Three suppliers compared, then breakouts by size of library. Bring your last order list.',
      preReading: 'The order list in the hub. Which three titles would you buy again?',
      deckUrl: 'https://slides.example.test/home-languages',
    },
  },
  {
    ...{ days: 5, clock: '17:00', slug: 'school-librarians', fate: 'cancelled' },
    plan: { title: 'An hour for new librarians', focus: 'First weeks.' },
  },
  {
    ...{ days: 75, clock: '16:00', slug: 'school-librarians', fate: 'scheduled' },
    plan: { title: 'Getting into the unit before it starts', focus: '', round: 3 },
  },
  {
    ...{ days: 120, clock: '16:00', slug: 'school-librarians', fate: 'draft' },
    plan: { title: 'Genre shelving, for and against', focus: '', round: 4 },
  },
  {
    ...{ days: 1, clock: '15:30', slug: 'wellbeing-leads', fate: 'scheduled' },
    plan: {
      title: 'The corridor conversation',
      focus: 'Two minutes that count, and when to ask for more.',
      round: 2,
    },
  },
  {
    ...{ days: 3, clock: '19:00', slug: 'school-account-managers', fate: 'scheduled' },
    plan: {
      ...{ title: 'Questions and answers for SAMs', audience: 'sams' },
      focus: 'Launching PeerSphere in ten minutes of a staff meeting.',
    },
  },
  {
    ...{ days: 9, clock: '16:30', slug: 'phonics-and-early-reading', fate: 'scheduled' },
    plan: {
      ...{ title: 'First sounds in a second language', round: 2 },
      focus: 'What to teach when English is the third one.',
    },
  },
];

/** They say that they come to the live session with three places, in this order. */
const attendees = [
  'host@example.test',
  'wen.li.abara@example.test',
  'aiko.brandvold@example.test',
  'delphine.marwick@example.test',
];

/** A season around today: live sessions in every state, answers to them with a full one, and the attendance of the past. */
export async function seedLiveSessions(at: At): Promise<void> {
  const { db } = at(0);
  const idOf = async (email: string) => (await findUserByAddress(db.read, email))!.id;
  const seasons = [await regularSeason()];
  for (const demo of [...past, ...coming]) {
    const id = await planned(at, idOf, seasons, demo);
    if (demo.days < 0) await seedAttendance(at, idOf, id, demo);
    if (!demo.plan.capacity) continue;
    for (const [index, email] of attendees.entries())
      await rsvp(at(1 - index / 10), { id: await idOf(email) }, id, 'going');
    await rsvp(at(0.2), { id: await idOf('sam@example.test') }, id, 'maybe');
  }
}

type IdOf = (email: string) => Promise<Id<'usr'>>;

const staffGrants = [{ role: 'staff', scopeId: '' } as const];

async function regularSeason(): Promise<SeasonFacts> {
  const slug = '2026-27';
  const season = parse(await readFile(path.join(env.shippedContentDir, 'seasons', `${slug}.yaml`), 'utf8'));
  return { ...season, slug };
}

async function planned(
  at: At,
  idOf: IdOf,
  seasons: readonly SeasonFacts[],
  { days, clock, slug, fate, plan }: DemoLiveSession,
): Promise<Id<'ses'>> {
  const staff = { id: await idOf('staff@example.test'), grants: staffGrants };
  const isOfLibrarians = slug === 'school-librarians';
  const day = wallTimeAt(at(-days).now, 'Asia/Shanghai').slice(0, 10);
  const hasLink = fate === 'confirmed' || fate === 'recorded';
  const made = await createLiveSession(
    at(35),
    staff,
    {
      ...{ details: hasLink ? 'The running order stands in the hub.' : '', preReading: '', deckUrl: '' },
      ...{ wallTime: `${day}T${clock}`, timeZone: 'Asia/Shanghai', minutes: 90, communities: [slug] },
      ...{
        audience: 'communities',
        outsideReason: 'The hosts agreed on this day.',
        capacity: null,
        round: null,
      },
      hosts: isOfLibrarians ? [await idOf('host@example.test')] : [],
      taId: isOfLibrarians || days < 0 ? await idOf('ta@example.test') : '',
      meetingLink: hasLink ? `https://meet.example.test/${slug}` : '',
      ...plan,
      seasonSlug: plan.round ? seasons[0]!.slug : null,
      state: fate === 'draft' ? 'draft' : 'scheduled',
    },
    seasons,
  );
  if ('refused' in made) throw new Error(`${plan.title} was refused: ${JSON.stringify(made.refused)}`);
  const id = made.liveSessionId;
  if (hasLink) await confirmDetails(at(34), staff, id);
  if (fate === 'cancelled') await cancelLiveSession(at(1), staff, id, 'The host is on a school trip.');
  if (fate === 'recorded')
    await publishRecording(at(-days - 1), staff, id, `https://video.example.test/${slug}`);
  return id;
}

/** The file that the TA uploads on the day after, with a telephone in it that is nobody; and recordings watched later. */
async function seedAttendance(
  at: At,
  idOf: IdOf,
  liveSessionId: Id<'ses'>,
  { days, clock, plan, attended, watched = [] }: DemoLiveSession,
): Promise<void> {
  const { db } = at(0);
  if (attended) {
    const ta = { id: await idOf('ta@example.test'), grants: [{ role: 'ta', scopeId: '' } as const] };
    const rows = await Promise.all(
      Object.entries(attended).map(async ([email, minutes]) => {
        const user = (await findUserByAddress(db.read, email))!;
        return `${user.name},${email},${minutes},No`;
      }),
    );
    const text = [
      'Name (Original Name),User Email,Total Duration (Minutes),Guest',
      ...rows,
      'iPad der Bibliothek,,71,Yes',
    ].join('\r\n');
    const file = { name: `participants ${plan.title}.csv`, bytes: new TextEncoder().encode(`${text}\r\n`) };
    const dayAfter = at(-days - 1);
    const uploaded = await uploadMeetingFile(dayAfter, ta, liveSessionId, file);
    if ('refused' in uploaded) throw new Error(`The file of ${plan.title} was refused (${clock}).`);
    const { importId } = uploaded;
    await decideRows(dayAfter, ta, importId, [{ line: rows.length + 2, is: 'ignored' }]);
    const confirmed = await confirmImport(dayAfter, ta, importId);
    if ('refused' in confirmed) throw new Error(`The file of ${plan.title} was not confirmed.`);
  }
  for (const email of watched) {
    const viewer = { id: await idOf(email) };
    await openRecording(at(-days - 3), viewer, liveSessionId);
    await confirmWatched(at(-days - 3.05), viewer, liveSessionId);
  }
}
