import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { desc, eq, inArray } from 'drizzle-orm';
import { parse } from 'yaml';
import { type Db, openDb } from '#db/client.ts';
import { migrate } from '#db/migrate.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { applications, enquiries } from '#db/schema/admissions.ts';
import { outbox } from '#db/schema/mail.ts';
import type { Role } from '#src/domains/accounts/model.ts';
import { type Profile, saveProfile } from '#src/domains/accounts/profile.ts';
import { grantRole } from '#src/domains/accounts/roles.ts';
import { createUser, findUserByAddress } from '#src/domains/accounts/users.ts';
import { acceptApplication, applyForMembership } from '#src/domains/admissions/applications.ts';
import { issueCoupons } from '#src/domains/admissions/coupons.ts';
import { addEnquiryNote, receiveEnquiry, setEnquiryState } from '#src/domains/admissions/enquiries.ts';
import { approveRequest, joinCommunity } from '#src/domains/communities/membership.ts';
import { addQuestion, answerSurvey, surveyOf } from '#src/domains/communities/survey.ts';
import type { MailBody } from '#src/domains/mail/model.ts';
import { signUp } from '#src/domains/schools/activation.ts';
import { sendInvitations } from '#src/domains/schools/invitations.ts';
import { createSchool, type SchoolFacts } from '#src/domains/schools/schools.ts';
import { setUpUser } from '#src/domains/schools/set-up.ts';
import { confirmSignUp } from '#src/domains/schools/sign-ups.ts';
import { syncCommunitiesWithContent } from '#src/jobs/sync-communities.ts';
import { env } from '#src/platform/env.ts';
import type { Id } from '#src/platform/ids.ts';
import { hashPassword } from '#src/platform/password.ts';
import { unseal } from '#src/platform/seal.ts';
import { type At, seedLiveSessions } from './demo-live-sessions.ts';
import { seedDemoSaves } from './demo-saves.ts';

/** Everybody of the demo has it. */
const password = 'peersphere-demo';
const codeOfConductVersion = '2.0';
const day = 24 * 3_600_000;

const demoUsers: [email: string, name: string, role: Role, scopeId: string, jobTitle: string][] = [
  ['staff@example.test', 'Ottilie Vanterpool', 'staff', '', 'Network lead'],
  ['editor@example.test', 'Bastian Okwuosa', 'editor', '', 'Handbook editor'],
  ['ta@example.test', 'Linnea Sorabji', 'ta', '', 'Technical assistant'],
  ['host@example.test', 'Marguerite Odhiambo-Lee', 'host', 'school-librarians', 'Secondary librarian'],
];

/** Schools as they are but for their membership year, which lies around the day of seeding. */
type DemoSchool = Omit<SchoolFacts, 'membershipStartsOn' | 'membershipEndsOn'>;

const lanternBay: DemoSchool = {
  name: 'Lantern Bay International School',
  country: 'CN',
  city: 'Qingdao',
  timeZone: 'Asia/Shanghai',
  seatLimit: 80,
  emailDomains: [],
  partnerAssociation: 'ACAMIS',
};

const banyanHill: DemoSchool = {
  name: 'Banyan Hill Academy',
  country: 'MY',
  city: 'Kuala Lumpur',
  timeZone: 'Asia/Kuala_Lumpur',
  seatLimit: null,
  emailDomains: ['banyanhill.example.test', 'example.test'],
  partnerAssociation: 'AIMS',
};

type Colleague = [email: string, name: string, jobTitle: string, subjects: string];

const lanternBayStaff: Colleague[] = [
  ['member@example.test', 'Priya Castellanos', 'Primary librarian', 'Library, reading across the school'],
  ['tomasz.achterberg@example.test', 'Tomasz Achterberg', 'School nurse', 'Health office, first aid courses'],
  ['wen.li.abara@example.test', '李文 Abara', 'Mandarin teacher', 'Mandarin, lower secondary'],
  ['gwendolyn.ishii@example.test', 'Gwendolyn Ishii', 'Instructional coach', 'Mathematics, new colleagues'],
  ['rashid.olander@example.test', 'Rashid Olander', 'IT systems lead', 'Network, devices, data protection'],
  ['sunniva.prakash@example.test', 'Sunniva Prakash', 'Admissions officer', 'Families arriving mid-year'],
  ['delphine.marwick@example.test', 'Delphine Marwick', 'Learning support teacher', 'Upper primary'],
  ['hamza.trevelyan@example.test', 'Hamza Trevelyan', 'Counsellor', 'University applications'],
];

const banyanHillStaff: Colleague[] = [
  ['aiko.brandvold@example.test', 'Aiko Brandvold', 'Early years coordinator', 'Ages three to five'],
  ['cosmo.jayawardena@example.test', 'Cosmo Jayawardena', 'Head of music', 'Choirs, instrumental lessons'],
];

/**
 * Fills an empty database with a small world, through the same commands that people use, links from mails included. Does
 * nothing when the demo is there already; refuses a database with other users. Returns what it did in a sentence.
 */
export async function seedDemo(db: Db, now: Date): Promise<string> {
  const addresses = demoUsers.map(([email]) => email);
  if (await db.read.$count(users, inArray(users.email, addresses))) return 'The demo is there already.';
  if (await db.read.$count(users)) throw new Error('This database has users already: it is left as it is.');

  const passwordHash = await hashPassword(password);
  const ids = new Map<string, Id<'usr'>>();
  const at = (daysAgo: number) => ({ db, now: new Date(now.getTime() - daysAgo * day) });
  await db.write(async (tx) => {
    const then = at(60).now;
    for (const [email, name, role, scopeId, jobTitle] of demoUsers) {
      const timeZone = 'Asia/Shanghai';
      const userId = await createUser(tx, then, {
        email,
        name,
        passwordHash,
        jobTitle,
        country: 'CN',
        timeZone,
        codeOfConductVersion,
      });
      await grantRole(tx, then, null, { userId, role, scopeId });
      ids.set(email, userId);
    }
  });
  const staffId = ids.get('staff@example.test')!;

  await seedSchool(db, at, staffId, {
    facts: lanternBay,
    sam: { name: 'Caspian Oyelaran', email: 'sam@example.test' },
    setUpDaysAgo: 54,
    colleagues: lanternBayStaff,
    invitations: [
      'Isolde Ramanathan <isolde.ramanathan@example.test>',
      'Bram Kittelsen <bram.kittelsen@example.test>',
      'youssef.lindgren@example.test',
    ],
  });
  await seedSchool(db, at, staffId, {
    facts: banyanHill,
    sam: { name: 'Philippa Nakagawa', email: 'philippa.nakagawa@example.test' },
    setUpDaysAgo: 48,
    colleagues: banyanHillStaff,
    invitations: ['Thandiwe Ferraro <thandiwe.ferraro@example.test>'],
  });
  await seedAdmissions(db, at, staffId);
  await describeMember(db, now);
  await syncCommunitiesWithContent(at(60), env.shippedContentDir);
  await seedCommunities(db, at);
  await seedLiveSessions(at);
  return 'Two schools, their people, communities, invitations, applications and enquiries are there.';
}

const dayOf = ({ now }: { now: Date }) => now.toISOString().slice(0, 10);

/** A school, its SAM with the link from the mail, colleagues with the school’s link, and invitations that wait. */
async function seedSchool(
  db: Db,
  at: At,
  staffId: Id<'usr'>,
  school: {
    facts: DemoSchool;
    sam: { name: string; email: string };
    setUpDaysAgo: number;
    colleagues: Colleague[];
    invitations: string[];
  },
) {
  const { facts, sam, setUpDaysAgo } = school;
  const year = { membershipStartsOn: dayOf(at(100)), membershipEndsOn: dayOf(at(-264)) };
  const created = await createSchool(at(setUpDaysAgo + 2), staffId, { ...facts, ...year }, [sam]);
  if (typeof created === 'string') throw new Error(`${facts.name} was refused: ${created}`);
  const { country, timeZone } = facts;
  const setUp = await setUpUser(at(setUpDaysAgo), await secretMailed(db, sam.email, '/set-up/'), {
    ...{ name: sam.name, password, jobTitle: 'Director of professional learning' },
    ...{ country, timeZone, codeOfConductVersion },
  });
  if (!('userId' in setUp)) throw new Error(`${sam.email} could not be set up.`);

  const link = await secretMailed(db, sam.email, '/activate/');
  for (const [index, [email, name, jobTitle, subjects]] of school.colleagues.entries()) {
    const then = at(setUpDaysAgo - 1 - index / 2);
    const person = { email, name, jobTitle, subjects, country, timeZone, password, codeOfConductVersion };
    const signedUp = await signUp(then, link, person);
    if (!('cookie' in signedUp)) throw new Error(`${email} was refused: ${signedUp.refused}`);
    const browser = { viewer: null, signUpCookie: signedUp.cookie.value };
    const confirmed = await confirmSignUp(
      then,
      await secretMailed(db, email, '/verify/'),
      browser,
      undefined,
    );
    if (!('userId' in confirmed)) throw new Error(`${email} was not confirmed: ${confirmed.refused}`);
  }
  const actor = { id: setUp.userId, invitedBy: sam.name };
  const invited = await sendInvitations(at(2), actor, created.schoolId, school.invitations.join('\n'));
  if (typeof invited === 'string' || !('sent' in invited)) throw new Error(`${facts.name} could not invite.`);
}

async function seedAdmissions(db: Db, at: At, staffId: Id<'usr'>) {
  await issueCoupons(at(20), staffId, {
    code: 'LIBRARY-PEERS',
    percentOff: 50,
    usesAllowed: 5,
    lastValidOn: dayOf(at(-200)),
    note: 'For the hosts of School Librarians',
    howMany: 1,
  });
  const settings = parse(await readFile(path.join(env.shippedContentDir, 'settings.yaml'), 'utf8'));
  const terms = { prices: settings.prices, codeOfConductVersion };
  const base = { workplace: '', timeZone: 'Asia/Ho_Chi_Minh', country: 'VN', communities: [], coupon: '' };
  await applyForMembership(
    at(3),
    {
      ...base,
      name: 'Evander Quist',
      email: 'evander.quist@example.test',
      jobTitle: 'Librarian between two contracts',
      communities: ['school-librarians'],
      message: 'My next school begins in August. I would not like to lose the thread until then.',
      coupon: 'LIBRARY-PEERS',
    },
    terms,
  );
  await applyForMembership(
    at(1),
    {
      ...base,
      name: 'Marisela Thorbjørn',
      email: 'marisela.thorbjorn@example.test',
      jobTitle: 'Consultant for multilingual learners',
      message: 'I work with four schools, and none of them is mine.',
    },
    terms,
  );
  const [first] = await db.read
    .select({ id: applications.id })
    .from(applications)
    .where(eq(applications.email, 'evander.quist@example.test'));
  await acceptApplication(at(2), staffId, first!.id, 'Welcome back among librarians.');

  await receiveEnquiry(at(6), {
    name: 'Leopold Mbeki-Strand',
    email: 'leopold.mbeki@example.test',
    topic: 'school',
    organisation: 'Copper River School',
    country: 'TH',
    staffCount: 120,
    message:
      'We have three people who are each the only one in their job here. How would we begin, and what does it cost?',
  });
  await receiveEnquiry(at(0.2), {
    name: 'Sanna Villanueva',
    email: 'sanna.villanueva@example.test',
    topic: 'hosting',
    organisation: 'Orchid Road International School',
    country: 'SG',
    staffCount: null,
    message: 'I would like to host a community for data managers. Is there one already?',
  });
  const [older] = await db.read
    .select({ id: enquiries.id })
    .from(enquiries)
    .where(eq(enquiries.email, 'leopold.mbeki@example.test'));
  await setEnquiryState(at(5), staffId, older!.id, 'in-progress');
  await addEnquiryNote(
    at(5),
    staffId,
    older!.id,
    'Asked for a call next week. Librarian, nurse, data manager.',
  );
}

/** Who is in which communities; those of `learning-support-teachers` and `instructional-coaches` ask first. */
const joined: [email: string, slugs: string[]][] = [
  ['host@example.test', ['school-librarians', 'host-circle', 'literacy-coaches']],
  ['member@example.test', ['school-librarians', 'phonics-and-early-reading']],
  ['sam@example.test', ['school-account-managers', 'professional-learning-leads', 'school-librarians']],
  ['philippa.nakagawa@example.test', ['school-account-managers', 'instructional-coaches']],
  ['tomasz.achterberg@example.test', ['school-nurses', 'wellbeing-leads']],
  ['wen.li.abara@example.test', ['chinese-language-teachers', 'school-librarians']],
  ['gwendolyn.ishii@example.test', ['instructional-coaches', 'secondary-mathematics-teachers']],
  ['rashid.olander@example.test', ['it-support-teams', 'technology-directors']],
  ['sunniva.prakash@example.test', ['admissions-teams', 'registrars']],
  ['delphine.marwick@example.test', ['learning-support-teachers', 'school-librarians']],
  ['hamza.trevelyan@example.test', ['university-counsellors', 'school-counsellors']],
  ['aiko.brandvold@example.test', ['early-years-leaders', 'phonics-and-early-reading', 'school-librarians']],
  ['cosmo.jayawardena@example.test', ['music-teachers', 'performing-arts-teachers']],
];

/** Answers of the librarians: by question id, and to the host’s own question. */
const librarians: [email: string, answers: Record<string, string | string[]>, own: string][] = [
  [
    'member@example.test',
    {
      ...{ experience: 'Four to ten years', 'school-size': '301 to 800', support: '2' },
      challenge: 'One person, 480 children, and a budget that is decided in June.',
      topics: 'Mandarin fiction for young readers. How others weed.',
      offer: 'Our author visits by video: two a year, and they cost nothing.',
      formats: ['Peer presentations', 'Mini workshop'],
      times: 'Mondays until six.',
    },
    'A picture book in two languages',
  ],
  [
    'wen.li.abara@example.test',
    {
      ...{ experience: 'This is my first year', 'school-size': '301 to 800', support: '4' },
      topics: 'Graded readers in Chinese',
      formats: ['Expert interview', 'Mini workshop'],
    },
    'A novel',
  ],
  [
    'aiko.brandvold@example.test',
    {
      ...{ experience: 'Two or three years', 'school-size': 'Up to 300 students', support: '3' },
      challenge: 'Books that three-year-olds cannot take apart.',
      offer: 'Story walks in the garden.',
      formats: ['Peer presentations'],
    },
    'A picture book in two languages',
  ],
];

/** People in communities, requests that wait, and answers to a welcome survey. */
async function seedCommunities(db: Db, at: At) {
  const idOf = async (email: string) => (await findUserByAddress(db.read, email))!.id;
  for (const [index, [email, slugs]] of joined.entries()) {
    const id = await idOf(email);
    const grants = await db.read
      .select({ role: roleGrants.role, scopeId: roleGrants.scopeId })
      .from(roleGrants)
      .where(eq(roleGrants.userId, id));
    for (const slug of slugs) {
      const outcome = await joinCommunity(at(45 - index / 2), { id, grants }, slug);
      if (outcome !== 'joined' && outcome !== 'requested')
        throw new Error(`${email} could not join ${slug}: ${outcome}`);
    }
  }
  const staff = { id: await idOf('staff@example.test'), grants: [{ role: 'staff', scopeId: '' } as const] };
  const coach = await idOf('gwendolyn.ishii@example.test');
  await approveRequest(at(38), staff, 'instructional-coaches', coach);

  const host = {
    id: await idOf('host@example.test'),
    grants: [{ role: 'host', scopeId: 'school-librarians' } as const],
  };
  const question = 'What did you put into a child’s hands last week?';
  const options = ['A picture book in two languages', 'A novel', 'Something to find out with'];
  await addQuestion(at(37), host, 'school-librarians', { kind: 'choice', text: question, options });
  const own = (await surveyOf(db.read, 'school-librarians')).at(-1)!;
  for (const [index, [email, answers, answer]] of librarians.entries()) {
    const typed = { ...answers, [own.id]: answer };
    await answerSurvey(at(30 - index), { id: await idOf(email) }, 'school-librarians', typed);
  }
}

/** One member who has told something about herself, so that her page is not empty. */
async function describeMember(db: Db, now: Date) {
  const member = await findUserByAddress(db.read, 'member@example.test');
  if (!member) throw new Error('The demo’s member is missing.');
  const profile: Profile = {
    name: member.name,
    jobTitle: 'Primary librarian',
    subjects: 'Library, reading across the school',
    about:
      'Primary librarian, 480 children, one assistant two days a week. Now working on: Mandarin fiction for seven-year-olds. Ask me about weeding, and about author visits on a small budget.',
    workplace: '',
    country: 'CN',
    timeZone: member.timeZone,
    languages: ['en', 'hi', 'zh'],
    links: [],
    visibility: {},
  };
  await saveProfile({ db, now }, member.id, profile);
}

/** The secret in the newest mail to `email` that leads to this path: what a person would take from it. */
async function secretMailed(db: Db, email: string, pathStart: string): Promise<string> {
  const mails = await db.read
    .select({ sealedBody: outbox.sealedBody })
    .from(outbox)
    .where(eq(outbox.to, email))
    .orderBy(desc(outbox.createdAt), desc(outbox.id));
  for (const { sealedBody } of mails) {
    const body = JSON.parse(unseal('mail-body', sealedBody ?? '') ?? 'null') as MailBody | null;
    const found = body?.text.split(`${env.siteUrl}${pathStart}`)[1]?.match(/^[\w-]{43}/)?.[0];
    if (found) return found;
  }
  throw new Error(`No mail to ${email} leads to ${pathStart}.`);
}

/** What `npm run db:seed` makes: `demo` unless its argument says `scale`. */
const worlds: Record<string, (db: Db) => Promise<string>> = {
  demo: async (db) => {
    const now = new Date();
    const done = await seedDemo(db, now);
    const editor = await findUserByAddress(db.read, 'editor@example.test');
    if (editor) await seedDemoSaves(env, editor.id, now);
    return done;
  },
  scale: async (db) => {
    const { fullScale, seedScale } = await import('./scale.ts');
    return seedScale(db, new Date(), fullScale, (words) => process.stdout.write(`${words}\n`));
  },
};

if (import.meta.main) {
  const [name = 'demo', ...more] = process.argv.slice(2);
  const seed = Object.hasOwn(worlds, name) && more.length === 0 ? worlds[name] : undefined;
  if (!seed) {
    console.error('Usage: npm run db:seed -- [demo | scale]');
    process.exit(1);
  }
  await mkdir(env.dataDir, { recursive: true });
  await migrate(env.databaseUrl, { authToken: env.databaseAuthToken });
  const db = await openDb(env.databaseUrl, { authToken: env.databaseAuthToken });
  try {
    process.stdout.write(`${await seed(db)}\n`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    await db.close();
  }
}
