import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The parts of each real handbook that generated pages are spread over. */
const parts = {
  members: [
    'members-getting-started',
    'members-communities',
    'members-live-sessions',
    'members-going-further',
    'members-membership-and-help',
  ],
  sams: [
    'sams-getting-started',
    'sams-activation',
    'sams-joining-and-attendance',
    'sams-through-the-year',
    'sams-help-and-privacy',
  ],
  hosts: [
    'hosts-getting-started',
    'hosts-preparing',
    'hosts-planning-the-season',
    'hosts-live-sessions',
    'hosts-between-live-sessions',
    'hosts-support',
  ],
} as const;
const handbooks = Object.keys(parts) as (keyof typeof parts)[];

const people =
  'host, moderator, colleague, new member, school librarian, deputy head, SAM, counsellor, teaching assistant, registrar, music teacher, phonics lead, principal, nurse, coach, admissions officer, guest speaker, newcomer, department head, boarding parent'.split(
    ', ',
  );
const things =
  'agenda, live session, discussion prompt, welcome message, slide deck, calendar entry, time zone, recording, profile, activation link, shared document, survey, season plan, support group, checklist, question list, reading, timetable, reminder, handover note, meeting room, summary, digest, school policy, lesson plan, budget line, term report, introduction, vote, next step'.split(
    ', ',
  );
const acts =
  'reads, opens, prepares, sends, checks, shortens, shares, writes down, moves, explains, tests, repeats, keeps, prints, answers, corrects, discusses, copies, returns to, asks about'.split(
    ', ',
  );
const times =
  'before the first meeting, on Monday morning, in the second week, after the live session, at the end of term, during a free period, two days ahead, once a season, within an hour, on the way home, when the room is quiet, before lunch, in November, after the holidays, at the next check-in'.split(
    ', ',
  );
const reasons =
  'nobody has to guess, the quieter voices are heard, the next school can reuse it, late joiners can follow, the plan survives a busy week, everyone leaves with one idea, trust has time to grow, the work stays small, parents get the same answer, the notes stay useful'.split(
    ', ',
  );
const qualities =
  'short, honest, careful, practical, shared, simple, early, friendly, clear, regular, small, thoughtful, local, open, patient'.split(
    ', ',
  );
const topics =
  'Planning, Listening, Welcoming, Scheduling, Reporting, Sharing, Reviewing, Inviting, Preparing, Facilitating, Following up, Recording, Deciding, Reflecting, Translating, Connecting'.split(
    ', ',
  );
const sections =
  'Why it matters, What to prepare, A first attempt, Common questions, When it goes wrong, A longer example, What others do, Before you finish, With a large community, Across time zones'.split(
    ', ',
  );

type Draw = { number: (below: number) => number; from: (list: readonly string[]) => string };

/** Numbers that look random and are the same on every machine (mulberry32). */
function drawing(seed: number): Draw {
  let state = seed >>> 0;
  const number = (below: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  return { number, from: (list) => list[number(list.length)] ?? '' };
}

const a = (words: string) => `${/^(?:[aeiou]|hon)/.test(words) ? 'an' : 'a'} ${words}`;
const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

function sentence({ number, from }: Draw): string {
  const forms = [
    () =>
      `${capital(from(times))}, the ${from(people)} ${from(acts)} the ${from(things)} so that ${from(reasons)}.`,
    () =>
      `${capital(a(from(qualities)))} ${from(things)} helps the ${from(people)} more than ${a(from(things))} does.`,
    () =>
      `Ask ${a(from(people))} who ${from(acts)} the ${from(things)} ${from(times)}: ${from(reasons)}, and the ${from(things)} is **${from(qualities)}**.`,
    () =>
      `If the ${from(things)} is not ${from(qualities)}, the ${from(people)} ${from(acts)} it again ${from(times)}.`,
    () =>
      `One ${from(people)} in ${2 + number(9)} ${from(acts)} ${a(from(things))} ${from(times)}, and that is *enough*.`,
  ];
  return forms[number(forms.length)]!();
}

const paragraph = (draw: Draw) => Array.from({ length: 2 + draw.number(3) }, () => sentence(draw)).join(' ');

function block(draw: Draw, kind: number): string {
  const { from } = draw;
  if (kind === 0)
    return `{% callout tone="${from(['note', 'tip', 'important'])}" title="${capital(from(qualities))} is enough" %}\n${sentence(draw)}\n{% /callout %}`;
  if (kind === 1) {
    const steps = [1, 2, 3, 4].map((place) => `${place}. **The ${from(things)}.** ${sentence(draw)}`);
    return `{% steps %}\n\n${steps.join('\n\n')}\n\n{% /steps %}`;
  }
  if (kind === 2) {
    const rows = Array.from(
      { length: 4 },
      () => `---\n\n- ${capital(from(things))}\n- ${capital(from(people))}\n- ${capital(from(times))}`,
    );
    return `{% table %}\n\n- What\n- Who\n- When\n\n${rows.join('\n\n')}\n\n{% /table %}`;
  }
  return Array.from({ length: 4 }, () => `- ${sentence(draw)}`).join('\n');
}

const nameOf = (number: number) => `generated-${String(number).padStart(4, '0')}`;

/**
 * Page `number` (from 1) of `count`: its path below the content directory and its text, always the same. About as long
 * as the real pages are (600 words), with a callout, steps, a table or a list, and links to other pages.
 */
export function generatedPage(number: number, count: number): { file: string; text: string } {
  const draw = drawing(number);
  const index = number - 1;
  const handbook = handbooks[index % handbooks.length]!;
  const inHandbook = Math.floor(index / handbooks.length);
  const part = parts[handbook][inHandbook % parts[handbook].length]!;
  const order = 50 + Math.floor(inHandbook / parts[handbook].length);
  const title = `${draw.from(topics)} the ${draw.from(things)} ${draw.from(times)} (${number})`;
  const target = () => {
    const other = draw.number(count);
    return `/handbooks/${handbooks[other % handbooks.length]}/${nameOf(other + 1)}`;
  };
  const first = draw.number(sections.length);
  const body = Array.from({ length: 3 }, (_, place) => {
    const heading = sections[(first + place) % sections.length];
    const more = `See [the page on the ${draw.from(things)}](${target()}) and [another about the ${draw.from(people)}](${target()}).`;
    return [
      `## ${heading}`,
      paragraph(draw),
      block(draw, (number + place) % 4),
      `${paragraph(draw)} ${more}`,
    ].join('\n\n');
  });
  const text = [
    '---',
    `title: ${title}`,
    `summary: What the ${draw.from(people)} does with the ${draw.from(things)}, and why ${draw.from(reasons)}.`,
    `part: ${part}`,
    `order: ${order}`,
    `updatedOn: 2026-${String(1 + draw.number(9)).padStart(2, '0')}-${String(10 + draw.number(18))}`,
    '---',
    paragraph(draw),
    '',
    body.join('\n\n'),
    '',
  ].join('\n');
  return { file: `handbooks/${handbook}/${nameOf(number)}.mdoc`, text };
}

/** Writes `count` handbook pages into a content directory, spread over the three handbooks and their parts. */
export async function writeGeneratedPages(contentDir: string, count: number): Promise<void> {
  await Promise.all(
    handbooks.map((handbook) => mkdir(path.join(contentDir, 'handbooks', handbook), { recursive: true })),
  );
  for (let number = 1; number <= count; number += 1) {
    const { file, text } = generatedPage(number, count);
    await writeFile(path.join(contentDir, file), text);
  }
}
