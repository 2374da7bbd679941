import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MeetingPerson, meetingFileLimits, readMeetingFile } from './meeting-file.ts';
import type { PlannedMeeting } from './meeting-file-clock.ts';

const folder = 'tests/fixtures/attendance';
const fixture = (name: string) => new Uint8Array(readFileSync(`${folder}/${name}`));
const bytes = (text: string) => new TextEncoder().encode(text);

const plan = (startsAt: string, timeZone: string): PlannedMeeting => ({
  startsAt: new Date(startsAt),
  endsAt: new Date(Date.parse(startsAt) + 90 * 60_000),
  timeZone,
});
/** Six in the evening there, but for São Paulo, where it is ten in the morning. */
const berlin = plan('2026-10-06T16:00Z', 'Europe/Berlin');
const dayBefore = plan('2026-10-05T16:00Z', 'Europe/Berlin');
const lateInBerlin = plan('2026-10-06T21:30Z', 'Europe/Berlin');
const saoPaulo = plan('2026-02-07T13:00Z', 'America/Sao_Paulo');
const tokyo = plan('2026-10-06T09:00Z', 'Asia/Tokyo');
const shanghai = plan('2026-10-06T10:00Z', 'Asia/Shanghai');
const hanoi = plan('2026-10-06T11:00Z', 'Asia/Ho_Chi_Minh');

const read = (file: Uint8Array, planned = berlin) => {
  const found = readMeetingFile(file, planned);
  if ('problems' in found) throw new Error(found.problems.map(({ sentence }) => sentence).join(' '));
  return found.file;
};
const problemOf = (file: Uint8Array) => {
  const found = readMeetingFile(file, berlin);
  return 'problems' in found ? found.problems[0] : undefined;
};

/** `10-06 16:00`, in UTC. */
const at = (instant: Date | null) => instant?.toISOString().slice(5, 16).replace('T', ' ') ?? '';
/** `11 Ana Sample <ana@example.test> 72 min, 10-06 16:00 to 10-06 17:30, twice, guest`: what stands out only. */
function inWords(person: MeetingPerson): string {
  const address = [person.email, person.upn === person.email ? '' : person.upn].filter(Boolean).join(' ');
  const times =
    person.joinedAt || person.leftAt ? `, ${at(person.joinedAt)} to ${at(person.leftAt)}`.trimEnd() : '';
  const other = person.otherName && ` (${person.otherName})`;
  return [
    `${person.line} ${person.name}${other}${address && ` <${address}>`} ${person.minutes} min${times}`,
    ...(person.stays > 1 ? [`${person.stays} stays`] : []),
    ...(person.isGuest ? ['guest'] : []),
    ...(person.isDevice ? ['device'] : []),
  ].join(', ');
}

type Expected = {
  planned: PlannedMeeting;
  tool: string;
  title?: string;
  started?: string;
  ended?: string;
  people: string[];
  warnings?: string[];
};

/** People as `inWords` says them; instants in UTC. */
const expected: Record<string, Expected> = {
  'meet-2026-first-and-last-name.csv': {
    planned: dayBefore,
    tool: 'other',
    people: [
      '2 Ana Sample <ana@example.test> 62 min, 10-05 16:00 to 10-05 17:02',
      '3 Bo Sample 45 min, 10-05 16:05 to 10-05 16:50',
    ],
  },
  'teams-2020-day-first-never-left.csv': {
    planned: berlin,
    tool: 'teams-2020',
    people: ['2 Ana Sample 92 min, 10-06 15:58 to', '3 Bo Sample 30 min, 10-06 16:30 to 10-06 17:00'],
    warnings: [
      'Line 2 has no leave time: counted until the end of the meeting.',
      'Line 5 has no joining or leaving: not counted.',
    ],
  },
  'teams-2020-month-first-utf16.csv': {
    planned: berlin,
    tool: 'teams-2020',
    people: [
      '2 Ana Sample 90 min, 10-06 15:58 to 10-06 17:28',
      '3 Bo Sample 60 min, 10-06 16:00 to 10-06 17:10, 2 stays',
      '9 Chen Sample 0 min',
    ],
    warnings: ['Line 9 has a leave time without a join time: not counted.'],
  },
  'teams-2021-flat-utf16.csv': {
    planned: berlin,
    tool: 'teams-2021',
    title: 'Reading',
    started: '10-06 15:55',
    ended: '10-06 17:31',
    people: [
      '9 Ana Sample <ana@example.test> 96 min, 10-06 15:55 to 10-06 17:31',
      '10 Bo Sample <bo@example.test> 50 min, 10-06 16:00 to 10-06 17:00, 2 stays',
      '12 Chen Sample 61 min, 10-06 16:30 to 10-06 17:31',
    ],
  },
  'teams-2026-chinese-simplified-utf16be.csv': {
    planned: shanghai,
    tool: 'teams',
    title: '图书馆交流',
    started: '10-06 09:58',
    ended: '10-06 11:30',
    people: [
      '9 陈小样 <chen@example.test> 90 min, 10-06 10:00 to 10-06 11:30',
      '10 李样 25 min, 10-06 10:10 to 10-06 10:35, guest',
    ],
  },
  'teams-2026-chinese-traditional-utf8.csv': {
    planned: shanghai,
    tool: 'teams',
    title: '圖書館交流',
    started: '10-06 09:58',
    ended: '10-06 11:30',
    people: ['8 林樣本 <lin@example.test> 88 min, 10-06 10:00 to 10-06 11:28'],
  },
  'teams-2026-dutch-utf16-no-mark.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Lezen',
    started: '10-06 15:59',
    ended: '10-06 17:30',
    people: [
      '9 Joris van Voorbeeld <joris@example.test> 90 min, 10-06 16:00 to 10-06 17:30',
      '10 Fenna Voorbeeld <fenna@example.test> 12 min, 10-06 16:00 to 10-06 16:12',
    ],
  },
  'teams-2026-english-utf16.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Library peers: reading for all',
    started: '10-06 15:52',
    ended: '10-06 17:33',
    people: [
      '11 Ana Sample <ana@example.test> 102 min, 10-06 15:52 to 10-06 17:33',
      '12 Bo Sample <bo.sample@example.test u1042@example.test> 72 min, 10-06 16:01 to 10-06 17:30, 2 stays',
      '13 Chen Sample 45 min, 10-06 16:05 to 10-06 16:50, guest',
      '14 Dana Sample <dana@example.test> 1 min, 10-06 16:20 to 10-06 16:20',
    ],
  },
  'teams-2026-french-semicolons.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Lecture, pour tous',
    started: '10-06 15:59',
    ended: '10-06 17:30',
    people: [
      '9 Zoë Exemple <zoe@example.test> 62 min, 10-06 16:00 to 10-06 17:02',
      "10 D'Exemple Élodie <elodie@example.test> 31 min, 10-06 16:10 to 10-06 16:40",
    ],
  },
  'teams-2026-german-utf16.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Bibliothek: Lesen für alle',
    started: '10-06 15:58',
    ended: '10-06 17:31',
    people: [
      '10 Jörg Müller-Muster <joerg@example.test> 59 min, 10-06 16:01 to 10-06 17:00',
      '11 Muster, Änne <aenne@example.test> 15 min, 10-06 16:02 to 10-06 16:17',
      '12 Uwe Muster 90 min, 10-06 16:00 to 10-06 17:30, guest',
    ],
  },
  'teams-2026-guests-and-marks-utf16.csv': {
    planned: berlin,
    tool: 'teams',
    people: [
      '3 Ana Sample <ana@school.example.test> 60 min, 10-06 16:00 to 10-06 17:00, 2 stays, guest',
      '4 Bo Sample 30 min, 10-06 16:00 to 10-06 16:30, guest',
      '5 Chen Sample <chen@example.test> 45 min, 10-06 16:00 to 10-06 16:45, guest',
      '6 =HYPERLINK("x") 45 min, 10-06 16:00 to 10-06 16:45',
    ],
  },
  'teams-2026-italian-quoted-commas.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Leggere, per tutti',
    started: '10-06 15:59',
    ended: '10-06 17:30',
    people: [
      '9 Esempio, Niccolò <niccolo@example.test> 61 min, 10-06 16:00 to 10-06 17:01',
      '10 Giulia Esempio 60 min, 10-06 16:30 to 10-06 17:30, guest',
    ],
  },
  'teams-2026-japanese-utf16.csv': {
    planned: tokyo,
    tool: 'teams',
    title: '図書館の集い',
    started: '10-06 08:58',
    ended: '10-06 10:30',
    people: [
      '9 見本 花子 <hanako@example.test> 65 min, 10-06 09:00 to 10-06 10:05',
      '10 がくと見本 40 min, 10-06 09:00 to 10-06 09:40, guest',
    ],
  },
  'teams-2026-korean-utf16.csv': {
    planned: tokyo,
    tool: 'teams',
    title: '도서관 모임',
    started: '10-06 08:58',
    ended: '10-06 10:30',
    people: ['9 견본 하늘 <haneul@example.test> 90 min, 10-06 09:00 to 10-06 10:30'],
  },
  'teams-2026-never-left.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Reading',
    started: '10-06 15:59',
    ended: '10-06 17:20',
    people: [
      '8 Ana Sample <ana@example.test> 80 min, 10-06 16:00 to',
      '9 Bo Sample <bo@example.test> 80 min, 10-06 16:00 to',
      '10 Chen Sample <chen@example.test> 0 min',
    ],
    warnings: [
      'Line 8 has no leave time: counted until the end of the meeting.',
      'Line 9: the time “soon” cannot be read.',
      'Line 9 has no leave time: counted until the end of the meeting.',
      'Line 10 does not say how long: counted as 0 minutes.',
    ],
  },
  'teams-2026-no-duration-two-devices.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Reading',
    started: '10-06 15:59',
    ended: '10-06 17:30',
    people: [
      '8 Ana Sample <ana@example.test> 90 min, 10-06 16:00 to 10-06 17:30, 2 stays',
      '9 Bo Sample <bo@example.test> 40 min, 10-06 16:00 to 10-06 17:30, 2 stays',
    ],
  },
  'teams-2026-only-who-attended.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Reading',
    people: ['7 Ana Sample <ana@example.test> 0 min', '8 Bo Sample <bo@example.test> 0 min'],
    warnings: [
      'The file does not say how long anybody stayed: everybody has 0 minutes.',
      'The file says that 3 people attended and lists 2.',
    ],
  },
  'teams-2026-other-day.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Reading',
    started: '07-22 17:00',
    ended: '07-22 18:31',
    people: ['8 Ana Sample <ana@example.test> 91 min, 07-22 17:00 to 07-22 18:31'],
    warnings: ['The file says that people came on 22 Jul 2026, 19:00: is it the right live session?'],
  },
  'teams-2026-past-midnight-utf16.csv': {
    planned: lateInBerlin,
    tool: 'teams',
    title: 'Late readers',
    started: '10-06 21:28',
    ended: '10-06 23:02',
    people: [
      '8 Ana Sample <ana@example.test> 75 min, 10-06 21:30 to 10-06 22:45',
      '9 Bo Sample <bo@example.test> 30 min, 10-06 22:10 to 10-06 22:40',
      '10 Chen Sample <chen@example.test> 82 min, 10-06 21:40 to',
    ],
    warnings: ['Line 10 has no leave time: counted until the end of the meeting.'],
  },
  'teams-2026-portuguese-utf8.csv': {
    planned: saoPaulo,
    tool: 'teams',
    title: 'Bibliotecas escolares',
    started: '02-07 12:55',
    ended: '02-07 14:32',
    people: [
      '10 João Amostra <joao@example.test> 60 min, 02-07 13:00 to 02-07 14:00',
      '11 Conceição Amostra <conceicao@example.test> 45 min, 02-07 13:05 to 02-07 13:50',
      '12 Inês Amostra 81 min, 02-07 13:10 to 02-07 14:30, guest',
    ],
  },
  'teams-2026-quotes-and-line-breaks.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Reading, writing "and" listening',
    started: '10-06 15:59',
    ended: '10-06 17:30',
    people: [
      '9 Ana "Annie" Sample <ana@example.test> 90 min, 10-06 16:00 to 10-06 17:30',
      '10 Bo Sample <bo@example.test> 30 min, 10-06 16:00 to 10-06 16:30',
      '12 Sample, Chen <chen@example.test> 45 min, 10-06 16:00 to 10-06 16:45',
    ],
  },
  'teams-2026-short-rows-new-columns.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Reading',
    started: '10-06 15:59',
    ended: '10-06 17:30',
    people: [
      '9 Ana Sample <ana@example.test> 90 min, 10-06 16:00 to 10-06 17:30',
      '10 Bo Sample 40 min, 10-06 16:00 to 10-06 16:40',
      '13  <dana@example.test> 20 min, 10-06 16:00 to 10-06 16:20',
    ],
    warnings: [
      'Line 11 holds one thing only: not counted.',
      'Line 12 has neither a name nor an address: not counted.',
      'The file says that 5 people attended and lists 3.',
    ],
  },
  'teams-2026-spanish-windows1252.csv': {
    planned: berlin,
    tool: 'teams',
    title: 'Bibliotecas',
    started: '10-06 15:59',
    ended: '10-06 17:30',
    people: [
      '9 Íñigo Ejemplo <inigo@example.test> 90 min, 10-06 16:00 to 10-06 17:30',
      '10 María Ejemplo <maria@example.test> 20 min, 10-06 16:05 to 10-06 16:25',
    ],
    warnings: [
      'The file is not in UTF-8: read as Windows-1252. Check the names with accents in lines 2, 5, 8, 9, 10.',
    ],
  },
  'teams-2026-stray-quote-tabs.csv': {
    planned: berlin,
    tool: 'teams',
    people: [
      '3 Ana Sample <ana@example.test> 90 min, 10-06 16:00 to 10-06 17:30',
      '4 Bo Sample <bo@example.test> 30 min, 10-06 16:00 to 10-06 16:30',
      '5 Chen Sample <chen@example.test> 45 min, 10-06 16:00 to 10-06 16:45',
    ],
    warnings: ['Line 4 has a quotation mark that is never closed: read as it stands.'],
  },
  'teams-2026-times-in-another-zone.csv': {
    planned: hanoi,
    tool: 'teams',
    title: 'Reading',
    started: '10-06 10:58',
    ended: '10-06 12:30',
    people: ['8 Ana Sample <ana@example.test> 89 min, 10-06 11:01 to 10-06 12:30'],
    warnings: [
      'The times in the file fit the live session only when they are in a zone at UTC+05:30: is it the right live session?',
    ],
  },
  'teams-2026-times-in-utc.csv': {
    planned: hanoi,
    tool: 'teams',
    title: 'Reading',
    started: '10-06 10:58',
    ended: '10-06 12:30',
    people: [
      '8 Ana Sample <ana@example.test> 88 min, 10-06 11:02 to 10-06 12:30',
      '9 Bo Sample <bo@example.test> 10 min, 10-06 11:00 to 10-06 11:10',
    ],
  },
  'teams-2026-unknown-language-utf16.csv': {
    planned: hanoi,
    tool: 'teams',
    title: 'Thư viện',
    started: '10-06 10:58',
    ended: '10-06 12:30',
    people: [
      '9 Nguyễn Mẫu <nguyen@example.test> 70 min, 10-06 11:00 to 10-06 12:10',
      '10 Trần Mẫu <tran@example.test> 65 min, 10-06 11:00 to 10-06 12:20, 2 stays',
    ],
  },
  'zoom-2026-iso-times-with-offset.csv': {
    planned: dayBefore,
    tool: 'zoom',
    people: [
      '2 Ana Sample <ana@example.test> 85 min, 10-05 16:05 to 10-05 17:30',
      '3 Bo Sample <bo@example.test> 30 min, 10-05 16:10 to 10-05 16:40',
    ],
  },
  'zoom-2026-meeting-block.csv': {
    planned: dayBefore,
    tool: 'zoom',
    title: 'Reading, for all',
    started: '10-05 15:55',
    ended: '10-05 17:31',
    people: [
      '5 Ana Sample <ana@example.test> 96 min, 10-05 15:55 to 10-05 17:31',
      '6 Bo Sample <bo@example.test> 30 min, 10-05 16:10 to 10-05 16:40',
    ],
  },
  'zoom-2026-old-mac-line-breaks.csv': {
    planned: dayBefore,
    tool: 'zoom',
    people: [
      '2 Ana Sample <ana@example.test> 90 min, 10-05 16:00 to 10-05 17:30',
      '3 Bo Sample <bo@example.test> 30 min, 10-05 16:10 to 10-05 16:40',
    ],
  },
  'zoom-2026-plain.csv': {
    planned: dayBefore,
    tool: 'zoom',
    people: [
      '2 Ana Sample <ana@example.test> 90 min, 10-05 16:00 to 10-05 17:30',
      '3 Bo (Bo Sample) 30 min, 10-05 16:10 to 10-05 16:39, guest',
    ],
  },
  'zoom-2026-rejoin-and-devices.csv': {
    planned: dayBefore,
    tool: 'zoom',
    people: [
      '2 Ana Sample <ana@example.test> 80 min, 10-05 16:00 to 10-05 17:30, 2 stays',
      '4 Bo Sample <bo@example.test> 90 min, 10-05 16:00 to 10-05 17:30, 2 stays',
      '6 Chen Sample 45 min, 10-05 16:00 to 10-05 16:45, guest, device',
      '7 Dana 5 min, 10-05 16:00 to 10-05 16:05, guest, device',
      '8 Galaxy S21 5 min, 10-05 16:00 to 10-05 16:05, guest, device',
    ],
  },
  'zoom-2026-total-duration.csv': {
    planned: dayBefore,
    tool: 'zoom',
    people: ['2 Ana Sample <ana@example.test> 88 min', '3 Bo Sample 12 min, guest'],
  },
  'zoom-2026-two-encodings.csv': {
    planned: dayBefore,
    tool: 'zoom',
    people: [
      '2 Ana Sample <ana@example.test> 90 min, 10-05 16:00 to 10-05 17:30',
      '3 Zoë Sample <zoe@example.test> 30 min, 10-05 16:00 to 10-05 16:30',
      '4 Jörg Sample <joerg@example.test> 40 min, 10-05 16:00 to 10-05 16:40',
    ],
    warnings: [
      'The file mixes two encodings: line 4 read as Windows-1252, the rest as UTF-8. Check the names there.',
    ],
  },
  'zoom-2026-unquoted-commas.csv': {
    planned: dayBefore,
    tool: 'zoom',
    people: ['2 Ana Sample <ana@example.test> 90 min, 10-05 16:00 to 10-05 17:30'],
  },
  'zoom-webinar-2026-attended.csv': {
    planned: dayBefore,
    tool: 'zoom-webinar',
    title: 'Reading for all',
    started: '10-05 15:55',
    people: [
      '7 Ana Sample <ana@example.test> 96 min, 10-05 15:55 to 10-05 17:31',
      '10 Bo Sample <bo@example.test> 83 min, 10-05 16:02 to 10-05 17:30, 2 stays, guest',
    ],
  },
};

const refused: Record<string, { kind: string; line: number | null; sentence: RegExp }> = {
  'refused-cut-off-in-a-row-utf16.csv': {
    kind: 'cut-off',
    line: 20,
    sentence: /^The file ends in line 20 in the middle of a row: download it again\.$/,
  },
  'refused-cut-off-in-quotes.csv': { kind: 'cut-off', line: 3, sentence: /ends in line 3 in the middle/ },
  'refused-two-files-joined.csv': { kind: 'mixed-encodings', line: 13, sentence: /from line 13/ },
  'refused-utf16-joined-to-utf8.csv': { kind: 'mixed-encodings', line: 4, sentence: /from line 4/ },
  'refused-sign-in-page.csv': { kind: 'web-page', line: 1, sentence: /Sign in to the meeting tool/ },
  'refused-only-headings.csv': { kind: 'nobody', line: null, sentence: /headings, and nobody below/ },
  'refused-another-table.csv': { kind: 'no-heading', line: null, sentence: /“Name”, “Email”, “Join time”/ },
};

describe('a report of a meeting tool', () => {
  test.each(Object.entries(expected))('%s', (name, { planned, ...wanted }) => {
    const { tool, summary, people, warnings } = read(fixture(name), planned);
    expect({
      tool,
      ...(summary.title && { title: summary.title }),
      ...(summary.startedAt && { started: at(summary.startedAt) }),
      ...(summary.endedAt && { ended: at(summary.endedAt) }),
      people: people.map(inWords),
      ...(warnings.length > 0 && { warnings }),
    }).toEqual(wanted);
  });

  test('says what each person was', () => {
    const { people } = read(fixture('teams-2026-english-utf16.csv'));
    expect(people.map(({ role }) => role)).toEqual(['Organizer', 'Presenter', 'Attendee', 'Attendee']);
  });

  test('every fixture has its outcome here', () => {
    expect([...Object.keys(expected), ...Object.keys(refused)].sort()).toEqual(readdirSync(folder).sort());
  });

  test('is read the same in whatever encoding it stands', () => {
    const text = new TextDecoder('utf-16le').decode(fixture('teams-2026-german-utf16.csv'));
    const units = new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
    const turned = units.map((_, index) => units[index ^ 1]!);
    const marked = (start: number[], rest: Uint8Array) => Uint8Array.from([...start, ...rest]);
    const whole = read(fixture('teams-2026-german-utf16.csv'));
    for (const same of [
      units,
      turned,
      marked([0xff, 0xfe], units),
      marked([0xfe, 0xff], turned),
      bytes(text),
      marked([0xef, 0xbb, 0xbf], bytes(text)),
      bytes(text.replaceAll('\r\n', '\n')),
      bytes(text.replaceAll('\r\n', '\r')),
    ])
      expect(read(same)).toEqual(whole);
  });

  test('is read the same whatever separates its cells', () => {
    const text = new TextDecoder('utf-16le').decode(fixture('teams-2026-german-utf16.csv'));
    const by = (separator: string) =>
      bytes(
        text
          .split('\r\n')
          .map((line) =>
            line
              .split('\t')
              .map((cell) => (cell.includes(',') ? `"${cell}"` : cell))
              .join(separator),
          )
          .join('\r\n'),
      );
    const whole = read(fixture('teams-2026-german-utf16.csv'));
    for (const separator of ['\t', ';', ',']) expect(read(by(separator))).toEqual(whole);
    expect(read(bytes(`sep=;\r\n${new TextDecoder().decode(by(';'))}`)).people).toHaveLength(3);
  });
});

const heading = 'Name,Join time,Leave time,Duration,Email\n';
const row = (name: string, joined: string, left: string, duration = '') =>
  `${name},"${joined}","${left}",${duration},${name.toLowerCase()}@example.test\n`;

describe('times', () => {
  const days = (joined: string, planned = berlin) =>
    at(read(bytes(heading + row('Ana', joined, '', '60')), planned).people[0]!.joinedAt);

  test.each([
    ['10/6/26, 6:02:11 PM', '10-06 16:02'],
    ['10/6/26, 6:02:11\u202fPM', '10-06 16:02'],
    ['06.10.26, 18:02:11', '10-06 16:02'],
    ['6.10.2026 18:02', '10-06 16:02'],
    ['06/10/2026 06:02:11 PM', '10-06 16:02'],
    ['2026-10-06 18:02:11', '10-06 16:02'],
    ['2026-10-06T16:02:11Z', '10-06 16:02'],
    ['2026-10-06T16:02:11.123Z', '10-06 16:02'],
    ['2026-10-06T21:47:11+05:45', '10-06 16:02'],
    ['Oct 6, 2026 06:02:11 PM', '10-06 16:02'],
    ['6 oct. 2026, 18:02', '10-06 16:02'],
    ['26/10/06 18:02', '10-06 16:02'],
    ['2026年10月6日 下午6:02', '10-06 16:02'],
    ['18:02', '10-06 16:02'],
  ])('%s', (joined, instant) => {
    expect(days(joined)).toBe(instant);
  });

  test('days and months are told by what exists, for the whole file', () => {
    const rows = row('Ana', '13/10/2026 18:00', '') + row('Bo', '05/10/2026 18:00', '');
    const planned = plan('2026-10-13T16:00Z', 'Europe/Berlin');
    expect(read(bytes(heading + rows), planned).people.map(({ joinedAt }) => at(joinedAt))).toEqual([
      '10-13 16:00',
      '10-05 16:00',
    ]);
  });

  test('days and months are told by the live session where both exist', () => {
    expect(days('06/10/2026 18:00', berlin)).toBe('10-06 16:00');
    expect(days('06/10/2026 18:00', plan('2026-06-10T16:00Z', 'Europe/Berlin'))).toBe('06-10 16:00');
  });

  test('are those of the live session’s zone on both sides of a change of the clocks', () => {
    expect(days('24.10.2026 18:00', plan('2026-10-24T16:00Z', 'Europe/Berlin'))).toBe('10-24 16:00');
    expect(days('25.10.2026 18:00', plan('2026-10-25T17:00Z', 'Europe/Berlin'))).toBe('10-25 17:00');
  });

  test('minutes never depend on the zone', () => {
    const rows = heading + row('Ana', '06.10.2026 18:00', '06.10.2026 19:11');
    for (const zone of ['Pacific/Auckland', 'America/Los_Angeles', 'Asia/Kathmandu', 'UTC'])
      expect(read(bytes(rows), { ...berlin, timeZone: zone }).people[0]!.minutes).toBe(71);
  });

  test('of the day before are doubted and still read', () => {
    const { people, warnings } = read(bytes(heading + row('Ana', '05.10.2026 18:00', '05.10.2026 19:00')));
    expect(people[0]!.minutes).toBe(60);
    expect(warnings).toEqual([
      'The file says that people came on 5 Oct 2026, 18:00: is it the right live session?',
    ]);
  });

  test('that go backwards count for nothing', () => {
    const { people, warnings } = read(bytes(heading + row('Ana', '06.10.2026 18:10', '06.10.2026 18:00')));
    expect(people[0]!.minutes).toBe(0);
    expect(warnings).toEqual(['Line 2 has a leave time before the join time: check the minutes there.']);
  });
});

describe('durations', () => {
  test.each([
    ['1h 12m 5s', 72],
    ['59 Min. 0 Sek.', 59],
    ['1 Std. 30 Min.', 90],
    ['15 Min.', 15],
    ['1h', 60],
    ['45m', 45],
    ['50s', 1],
    ['1 hr 2 min', 62],
    ['2 hours 1 minute', 121],
    ['1 h 5 min', 65],
    ['1 ora', 60],
    ['1 u 30 min', 90],
    ['1 godz. 5 min 20 sek.', 65],
    ['1小时30分钟', 90],
    ['1 時間 5 分 10 秒', 65],
    ['1시간 5분', 65],
    ['01:12:05', 72],
    ['1:12', 72],
    ['72', 72],
    ['72.5', 73],
    ['0', 0],
    ['99999', 1440],
  ])('%s', (duration, minutes) => {
    expect(read(bytes(heading + row('Ana', '', '', duration))).people[0]!.minutes).toBe(minutes);
  });

  test('in units nobody told us give way to the times', () => {
    const text = heading + row('Ana', '06.10.2026 18:00', '06.10.2026 18:40', '1 giờ 10 phút');
    expect(read(bytes(text)).people[0]!.minutes).toBe(40);
  });
});

describe('people', () => {
  test('on two devices at once have each minute once', () => {
    const rows =
      row('Ana', '06.10.2026 18:00', '06.10.2026 19:00', '60') +
      row('Ana', '06.10.2026 18:30', '06.10.2026 19:30', '60');
    expect(read(bytes(heading + rows)).people.map(inWords)).toEqual([
      '2 Ana <ana@example.test> 90 min, 10-06 16:00 to 10-06 17:30, 2 stays',
    ]);
  });

  test('with one name and two addresses stay two', () => {
    const rows = 'Ana,,,10,ana@example.test\nAna,,,20,other@example.test\n';
    expect(read(bytes(heading + rows)).people).toHaveLength(2);
  });

  test.each([
    ['  Ana   Sample ', 'Ana Sample', false, false],
    ['Ana Sample (Guest)', 'Ana Sample', true, false],
    ['Ana Sample (Gast)', 'Ana Sample', true, false],
    ['Ana Sample (Convidado)', 'Ana Sample', true, false],
    ['Ana Sample (Nicht überprüft)', 'Ana Sample', true, false],
    ['Ana Sample（来宾）', 'Ana Sample', true, false],
    ['Ana Sample (Host)', 'Ana Sample', false, false],
    ['Ana Sample (she/her)', 'Ana Sample (she/her)', false, false],
    ['(Guest)', '(Guest)', false, false],
    ['Ana\u202e Sample\u0007', 'Ana Sample', false, false],
    ['iPhone (Ana Sample)', 'Ana Sample', false, true],
    ['Ana Sample (iPad)', 'Ana Sample', false, true],
    ['Ana’s iPhone 15 Pro', 'Ana', false, true],
    ['iPad de Ana Sample', 'Ana Sample', false, true],
    ['SM-A515F', 'SM-A515F', false, true],
    ['iPhone', 'iPhone', false, true],
    ['Pixel Sample', 'Pixel Sample', false, false],
    ['x'.repeat(300), 'x'.repeat(200), false, false],
  ])('%s', (written, name, isGuest, isDevice) => {
    const [person] = read(bytes(`${heading}"${written}",,,10,\n`)).people;
    expect(person).toMatchObject({ name, isGuest, isDevice });
  });

  test.each([
    ['Ana@Example.TEST', 'ana@example.test'],
    ['mailto:ana@example.test', 'ana@example.test'],
    ['ana@schöne-schule.example.test', 'ana@xn--schne-schule-6ib.example.test'],
    ['ana_sample_school.example.test#EXT#@network.example.test', 'ana_sample@school.example.test'],
    ['--', ''],
    ['ana', ''],
    ['ana@', ''],
    ['a@b@c', ''],
  ])('address %s', (written, email) => {
    expect(read(bytes(`${heading}Ana,,,10,${written}\n`)).people[0]!.email).toBe(email);
  });
});

describe('a file is refused', () => {
  test.each(Object.entries(refused))('%s', (name, { sentence, ...wanted }) => {
    const problem = problemOf(fixture(name));
    expect(problem).toMatchObject(wanted);
    expect(problem!.sentence).toMatch(sentence);
  });

  test.each([
    ['an Excel workbook', 'PK\u0003\u0004rest', 'workbook'],
    ['a PDF', '%PDF-1.7 rest', 'pdf'],
    ['a page without a type', '<html><body>Sign in</body></html>', 'web-page'],
    ['nothing', '', 'empty'],
    ['spaces', ' \r\n\t\r\n', 'empty'],
    ['no text', '\u0001\u0002\u0003\u0004\u0005\u0006\u0007', 'not-text'],
    ['prose', 'Ana came at six.\nBo came later, with Chen, and stayed.\n', 'no-heading'],
  ])('that holds %s', (_, text, kind) => {
    expect(problemOf(bytes(text))?.kind).toBe(kind);
  });

  test('that is a picture or an old workbook', () => {
    expect(problemOf(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a))?.kind).toBe('image');
    expect(problemOf(Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1))?.kind).toBe('workbook');
  });

  test('that is too large, before it is looked at', () => {
    expect(problemOf(new Uint8Array(meetingFileLimits.bytes + 1))?.kind).toBe('too-large');
    expect(problemOf(new Uint8Array(100_000_000))?.kind).toBe('too-large');
  });

  test('that has too many rows', () => {
    const rows = (count: number) => bytes(heading + 'Ana,,,10,ana@example.test\n'.repeat(count));
    expect(problemOf(rows(meetingFileLimits.rows))?.kind).toBe('too-many-rows');
    expect(read(rows(meetingFileLimits.rows - 1)).people).toHaveLength(1);
  });

  test('that has a row no report has', () => {
    expect(problemOf(bytes(`${heading}${'x'.repeat(100_000)},,,10,\n`))).toMatchObject({
      kind: 'too-long',
      line: 2,
    });
  });

  test('that has a quotation mark nobody closed between commas', () => {
    const rows = `"Ana,,,10,ana@example.test\n${'Bo,,,10,bo@example.test\n'.repeat(20)}`;
    expect(problemOf(bytes(heading + rows))).toMatchObject({ kind: 'open-quote', line: 2 });
  });

  test('that was cut off in the middle of a character', () => {
    const whole = bytes(`${heading}Ana,,,10,ana@example.test\nZoë`);
    expect(problemOf(whole.slice(0, -1))).toMatchObject({ kind: 'cut-off', line: 3 });
    const units = fixture('teams-2026-german-utf16.csv');
    expect(problemOf(units.slice(0, -1))).toMatchObject({ kind: 'cut-off' });
  });

  test('cut off anywhere in its last row, and not where its last line break is missing', () => {
    const text = `${heading}Ana,18:00,19:30,90m,ana@example.test\nBo,18:00,19:30,90m,bo@example.test`;
    for (const cut of ['Bo', 'Bo,18:0', 'Bo,18:00,19:', 'Bo,18:00,19:30,9'])
      expect(problemOf(bytes(text.slice(0, text.indexOf('Bo,') + cut.length)))).toMatchObject({
        kind: 'cut-off',
        line: 3,
      });
    expect(read(bytes(text)).people).toHaveLength(2);
  });
});

describe('no bytes make it throw', () => {
  const holds = (file: Uint8Array) => {
    const found = readMeetingFile(file, berlin);
    if ('problems' in found) {
      expect(found.problems.length).toBeGreaterThan(0);
      return;
    }
    expect(found.file.people.length).toBeGreaterThan(0);
    for (const { minutes, name, line } of found.file.people) {
      expect(Number.isInteger(minutes) && minutes >= 0 && minutes <= 1440).toBe(true);
      expect(Number.isInteger(line) && line > 0).toBe(true);
      expect(name.length).toBeLessThanOrEqual(400);
    }
    expect(new Set(found.file.people.map(({ line }) => line)).size).toBe(found.file.people.length);
  };

  test('of any kind', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), holds), { numRuns: 300 });
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 2000 }).map(bytes), holds), {
      numRuns: 300,
    });
  });

  test('of cells that look like those of a report', () => {
    const cell = fc.oneof(
      fc.constantFrom(
        'Name',
        'Email',
        'Join time',
        'Leave time',
        'Duration',
        '2. Participants',
        '"',
        '',
        '\r',
      ),
      fc.constantFrom(
        'Ana',
        'ana@example.test',
        '10/6/26, 6:00 PM',
        '99/99/99 99:99',
        '1h 5m',
        '-5',
        '\u0000',
      ),
      fc.string({ maxLength: 20 }),
    );
    const rows = fc.array(fc.array(cell, { maxLength: 7 }), { maxLength: 12 });
    const separator = fc.constantFrom('\t', ',', ';');
    fc.assert(
      fc.property(rows, separator, (table, by) => {
        holds(bytes(heading.replaceAll(',', by) + table.map((cells) => cells.join(by)).join('\n')));
      }),
      { numRuns: 500 },
    );
  });

  test.each(readdirSync(folder))('%s, with any changes', (name) => {
    const whole = fixture(name);
    const change = fc.record({
      at: fc.nat(whole.length - 1),
      kind: fc.constantFrom('set', 'cut', 'remove', 'repeat'),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        let file = [...whole];
        for (const { at: place, kind, bytes: put } of changes) {
          if (kind === 'cut') file = file.slice(0, place);
          else if (kind === 'set') file.splice(place, put.length, ...put);
          else if (kind === 'remove') file.splice(place, put.length);
          else file.splice(place, 0, ...file.slice(place, place + 40));
        }
        holds(Uint8Array.from(file));
      }),
      { numRuns: 15 },
    );
  });
});

describe('hostile text does not take more time than a test has', () => {
  test.each([
    ['spaces', ' '.repeat(100_000)],
    ['brackets', '('.repeat(100_000)],
    ['digits', '1'.repeat(100_000)],
    ['units', '1h '.repeat(33_000)],
    ['quotation marks', '"a'.repeat(50_000)],
    ['dates', '1/1/'.repeat(25_000)],
    ['combining marks', `a${'\u0301'.repeat(100_000)}`],
    ['at signs', 'a@'.repeat(50_000)],
  ])('%s', (_, text) => {
    const cell = text.slice(0, 9000);
    expect(
      readMeetingFile(bytes(`${heading}${cell},${cell},${cell},${cell},${cell}\n`), berlin),
    ).toBeDefined();
    expect(
      readMeetingFile(bytes(`${text}\n${heading}${text.slice(0, 40_000)},,,5,\n`), berlin),
    ).toBeDefined();
  });
});
