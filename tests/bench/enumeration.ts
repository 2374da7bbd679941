import { schools } from '../../db/schema/schools.ts';
import { issueActivationLink } from '../../src/domains/schools/activation-links.ts';
import { newId } from '../../src/platform/ids.ts';
import { alikeWithin, compareTimes } from '../compare-times.ts';
import { type Bench, type Measure, progress } from './measure.ts';
import {
  addPeople,
  addressOf,
  benchPassword,
  emptyFolder,
  networkAddress,
  postForm,
  servePortal,
  withDatabase,
} from './portal.ts';

const samples = 200;
const mostTurns = 3;

/** A form that must not tell whether somebody has an address: where it goes, and what it holds, by the number of the send. */
type Asking = {
  name: string;
  path: (turn: number) => string;
  fields: (email: string) => Record<string, string>;
};

/**
 * Whether the forms that take an address answer alike when somebody has it and when nobody does: in time (medians of 200
 * each, by turns, measured again where a busy machine came between) and in every byte of status, headers and page.
 */
export async function measureEnumeration({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const folder = await emptyFolder('enumeration');
  const each = runs(samples);
  const links = await withDatabase(folder, async (db) => {
    const now = new Date();
    await addPeople(db, now, each * mostTurns);
    const secrets: string[] = [];
    // A link takes 200 forms an hour.
    for (let place = 0; place < mostTurns * 4; place += 1) {
      const schoolId = newId('sch', now);
      secrets.push(
        await db.write(async (tx) => {
          await tx.insert(schools).values({
            id: schoolId,
            name: `School ${place}`,
            country: 'VN',
            city: 'Hanoi',
            timeZone: 'Asia/Ho_Chi_Minh',
            membershipStartsOn: '2020-01-01',
            membershipEndsOn: '2099-12-31',
            createdAt: now,
            updatedAt: now,
          });
          return issueActivationLink(tx, now, schoolId, null);
        }),
      );
    }
    return secrets;
  });
  const server = await servePortal(dist, folder);
  let sender = 0;
  try {
    const codeOfConductVersion = await shownVersion(`${server.url}/activate/${links[0]}`);
    const person = {
      name: 'Noor Lindqvist',
      jobTitle: 'Librarian',
      country: 'VN',
      timeZone: 'Asia/Ho_Chi_Minh',
      codeOfConductVersion,
    };
    const forms: Asking[] = [
      {
        name: 'sign-in, wrong password',
        path: () => '/sign-in',
        fields: (email) => ({ email, password: 'not the right password', next: '' }),
      },
      { name: 'forgotten password', path: () => '/forgot-password', fields: (email) => ({ email }) },
      {
        name: 'activation',
        path: (turn) => `/activate/${links[turn % links.length]}`,
        fields: (email) => ({ ...person, email, password: benchPassword, codeOfConduct: 'on' }),
      },
      {
        name: 'application',
        path: () => '/join',
        fields: (email) => ({ ...person, form: 'apply', email, conduct: 'on' }),
      },
    ];
    const measures: Measure[] = [];
    for (const form of forms) {
      progress(`Enumeration: ${form.name}, ${each} times each…`);
      const answers = { known: new Set<string>(), unknown: new Set<string>() };
      const send = async (turn: number, kind: 'known' | 'unknown', email: string) => {
        sender += 1;
        const from = { address: networkAddress(sender) };
        const response = await postForm(server.url + form.path(turn), form.fields(email), from);
        answers[kind].add(await withoutWhatDiffers(response, email));
      };
      let turns = 0;
      const { one, other } = await alikeWithin(isAlike, async () => {
        const from = turns * each;
        turns += 1;
        return compareTimes(
          each,
          (turn) => send(from + turn, 'known', addressOf(from + turn)),
          (turn) => send(from + turn, 'unknown', `nobody-${from + turn + 1}@example.test`),
        );
      });
      measures.push(
        {
          name: `enumeration: ${form.name}, difference of medians`,
          unit: 'ms',
          values: [Math.abs(one - other)],
          target: { atMost: 5 },
          note: `known ${one.toFixed(1)}, unknown ${other.toFixed(1)}`,
        },
        {
          name: `enumeration: ${form.name}, different answers`,
          unit: '',
          values: [new Set([...answers.known, ...answers.unknown]).size],
          target: { atMost: 1 },
          note: [...answers.known].map((answer) => answer.slice(0, 3)).join(', '),
        },
      );
    }
    return measures;
  } finally {
    await server.stop();
  }
}

const isAlike = ({ one, other }: { one: number; other: number }) => Math.abs(one - other) < 5;

/** The version of the code of conduct that the form asks people to accept. */
async function shownVersion(url: string): Promise<string> {
  const page = await (await fetch(url)).text();
  return /name="codeOfConductVersion" value="([^"]*)"/.exec(page)?.[1] ?? '';
}

/** An answer as text, all of it, but for the moment, what was typed, and secrets that are new each time. */
async function withoutWhatDiffers(response: Response, typed: string): Promise<string> {
  const headers = [...response.headers].filter(([name]) => name !== 'date');
  const body = await response.text();
  return [response.status, ...headers.map((header) => header.join(': ')), '', body]
    .join('\n')
    .replaceAll(typed, '(address)')
    .replaceAll(encodeURIComponent(typed), '(address)')
    .replaceAll(/=[\w-]{43}(?=;)/g, '=(secret)');
}
