import { strToU8, zipSync } from 'fflate';
import type { Tx } from '#db/client.ts';
import {
  eraseAccounts,
  findPerson,
  type Person,
  personalAccounts,
} from '../domains/accounts/personal-data.ts';
import { findPicture, removePicture } from '../domains/accounts/pictures.ts';
import { nothingInput } from '../domains/accounts/sign-in-inputs.ts';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import { eraseAdmissions, personalAdmissions } from '../domains/admissions/personal-data.ts';
import { eraseNudges, personalNudges } from '../domains/attendance/nudges.ts';
import { eraseAttendance, personalAttendance } from '../domains/attendance/personal-data.ts';
import { recordAuditEvent } from '../domains/audit/record.ts';
import { personalCommunities } from '../domains/communities/personal-data.ts';
import { eraseLiveSessions, personalLiveSessions } from '../domains/live-sessions/personal-data.ts';
import { personalMail } from '../domains/mail/queries.ts';
import { eraseMail } from '../domains/mail/upkeep.ts';
import { eraseSchools, personalSchools } from '../domains/schools/personal-data.ts';
import type { Ctx } from '../platform/context.ts';
import type { Id } from '../platform/ids.ts';
import { csv } from '../platform/table-files.ts';
import { refuseUntil, show, signedInForm } from './define.ts';
import type { Download } from './downloads.ts';

/** Everything that all domains keep about one person: how they take it with them, and how it is deleted. */

const downloads = { name: 'downloads', most: 10, inMs: 3_600_000 } as const satisfies Limit;

/** Packs what is kept about the viewer. The page’s row in the access table has asked for the password a short time ago. */
export const downloadMyData = signedInForm(nothingInput, async ({ ctx, viewer }) => {
  const until = await countAct(ctx, downloads, viewer.id);
  if (until) return refuseUntil('You have downloaded it several times just now. Please wait an hour.', until);
  return show(await packPersonalData(ctx, viewer.id));
});

/**
 * A ZIP of what is kept about the user: everything as JSON, tables for spreadsheets, their picture, and a text that explains
 * them. Written into the audit log. Throws when there is no such user.
 */
export async function packPersonalData(
  { db, now }: Ctx,
  userId: Id<'usr'>,
): Promise<Download & { bytes: Uint8Array<ArrayBuffer> }> {
  const person = await findPerson(db.read, userId);
  if (!person) throw new Error(`There is no user ${userId} to pack the data of.`);
  const accounts = await personalAccounts(db.read, person);
  const mail = await Promise.all(
    person.addresses.map(async (address) => ({ address, ...(await personalMail(db.read, address)) })),
  );
  const everything = {
    madeAt: now,
    ...accounts,
    mail,
    schools: await personalSchools(db.read, person),
    admissions: await personalAdmissions(db.read, person),
    communities: await personalCommunities(db.read, person),
    liveSessions: await personalLiveSessions(db.read, person),
    attendance: await personalAttendance(db.read, person),
    nudges: await personalNudges(db.read, person),
  };
  const picture = person.pictureId ? await findPicture(person.pictureId) : undefined;
  await db.write((tx) =>
    recordAuditEvent(tx, {
      at: now,
      actorId: userId,
      action: 'user.data-downloaded',
      subjectType: 'user',
      subjectId: userId,
    }),
  );
  const files = {
    'README.txt': strToU8(readme(now)),
    'peersphere.json': strToU8(JSON.stringify(everything, null, 2)),
    'sign-ins.csv': strToU8(signInTable(accounts.signIns)),
    'mails.csv': strToU8(mailTable(mail)),
    ...(picture && { 'picture.webp': new Uint8Array(picture) }),
  };
  return {
    fileName: `peersphere-${now.toISOString().slice(0, 10)}.zip`,
    bytes: Uint8Array.from(zipSync(files, { mtime: now })),
  };
}

type Accounts = Awaited<ReturnType<typeof personalAccounts>>;
type Mails = ({ address: string } & Awaited<ReturnType<typeof personalMail>>)[];

const moment = (at: Date | null) => at?.toISOString() ?? '';

function signInTable(signIns: Accounts['signIns']): string {
  return csv({
    head: ['Device', 'Signed in at (UTC)', 'Last used at (UTC)', 'Ends at (UTC)'],
    rows: signIns.map((row) => [
      row.device,
      moment(row.signedInAt),
      moment(row.lastUsedAt),
      moment(row.endsAt),
    ]),
  });
}

function mailTable(mails: Mails): string {
  return csv({
    head: ['To', 'Subject', 'Kind', 'State', 'Written at (UTC)', 'Sent at (UTC)'],
    rows: mails.flatMap(({ address, mails: rows }) =>
      rows.map((row) => [
        address,
        row.subject,
        row.kind,
        row.state,
        moment(row.createdAt),
        moment(row.sentAt),
      ]),
    ),
  });
}

const readme = (now: Date) => `What PeerSphere keeps about you
Made on ${now.toISOString().slice(0, 10)}. All moments are in UTC.

peersphere.json   Everything, in a form that other programs can read:
  profile         what you wrote about yourself, your settings, and the version
                  of the code of conduct that you accepted
  roles           what you may do, and of which school or community
  signIns         browsers that are signed in
  firstSteps      which of the first five steps you have taken
  addressChanges  addresses that you changed in the last thirty days
  links           links that we mailed to you: what for, and when. Not the links
                  themselves, of which we keep only a fingerprint
  log             acts on your profile and by you, as the audit log has them
  mail            mails to you of the last ninety days: subject and time. Not
                  their words, which we forget once a mail is sent
  schools         invitations, and profile forms that were never confirmed
  admissions      applications and enquiries from your address
  communities     those you joined, asked to join or left, and what you answered
                  in their welcome surveys
  liveSessions    what you answered, which you led or supported, which mails
                  about them you chose, and since when you have a calendar
                  address. Not the address itself, of which we keep only a
                  fingerprint
  attendance      which live sessions you attended or watched, how we know, and
                  when you made records of professional development. Not the
                  codes of records: whoever has one sees the record. Those in
                  force stand on the page of your record
  nudges          short mails of the last thirty days by which your school
                  asked you to take the next step
sign-ins.csv      signIns as a table
mails.csv         mail as a table
picture.webp      your picture, if you have one

Not in here: your password, which we keep only in a scrambled form that cannot
be turned back.
`;

/**
 * Deletes everything about a user whose time to change their mind is over, in every domain, and their pictures. What stays:
 * their id in the audit log and in the list of those to be deleted again after a backup is restored, and their address where
 * it wants or takes no mail. Returns false, and changes nothing, when there is no such user or their time is not over.
 */
export async function eraseDueUser({ db, now }: Ctx, userId: Id<'usr'>): Promise<boolean> {
  const pictures = await db.write(async (tx) => {
    const person = await findPerson(tx, userId);
    if (!person?.erasureDueAt || person.erasureDueAt > now) return undefined;
    return eraseEverywhere(tx, now, person);
  });
  for (const pictureId of pictures ?? []) await removePicture(pictureId);
  return pictures !== undefined;
}

async function eraseEverywhere(tx: Tx, now: Date, person: Person): Promise<Id<'pic'>[]> {
  const ofForms = await eraseSchools(tx, person);
  await eraseAdmissions(tx, person);
  await eraseLiveSessions(tx, now, person);
  await eraseAttendance(tx, person);
  await eraseNudges(tx, person);
  for (const address of person.addresses) await eraseMail(tx, address);
  await eraseAccounts(tx, now, person);
  return person.pictureId ? [person.pictureId, ...ofForms] : ofForms;
}
