import { eq } from 'drizzle-orm';
import { invitations, signUps } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { hashPassword } from '../../platform/password.ts';
import { hashSecret, newSecret } from '../../platform/tokens.ts';
import type { Cookie } from '../accounts/login-sessions.ts';
import { normaliseAddress } from '../accounts/model.ts';
import { passwordProblem } from '../accounts/passwords.ts';
import { removePicture, storePicture } from '../accounts/pictures.ts';
import { countAct, limits } from '../accounts/throttles.ts';
import { lookUpToken } from '../accounts/tokens.ts';
import { findActivationLink } from './activation-links.ts';
import { type JoiningProblem, joiningProblem, type SignUpProfile } from './model.ts';
import { type SchoolForJoining, type SchoolView, schoolForJoining } from './queries.ts';
import { sendVerification, signUpCookie, signUpKeptMs, supersedeSignUps } from './sign-ups.ts';

/** What stands behind `/activate/<secret>`: a school’s link for its staff, a personal invitation, or neither. */
export type Activation =
  | OpenActivation
  /** The school’s link, replaced by a newer one or taken away. */
  | { state: 'rotated' | 'revoked'; school: SchoolView }
  /** An invitation that was followed to its end, sent anew, taken back, or is more than thirty days old. */
  | { state: 'activated' | 'replaced' | 'withdrawn' | 'expired'; school: SchoolView }
  /** `foreign`: a link of ours that is for something else. */
  | { state: 'malformed' | 'unknown' | 'foreign' };

export type OpenActivation = {
  state: 'open';
  school: SchoolForJoining;
  /** What is counted against the link’s limit. */
  linkId: Id<'lnk'> | Id<'inv'>;
  invitation?: { id: Id<'inv'>; email: string; name: string };
};

/** Status of the page that explains the link; undefined where it holds the form. */
export function activationStatus(activation: Activation): 404 | 409 | 410 | undefined {
  if (!('school' in activation)) return 404;
  if (activation.state !== 'open') return 410;
  return activation.school.state === 'open' ? undefined : 409;
}

/** What this link opens, and for which school. Changes nothing. */
export async function findActivation({ db: { read }, now }: Ctx, secret: string): Promise<Activation> {
  const link = await findActivationLink(read, secret);
  if (link && link.state !== 'open') return { state: link.state, school: link.school };
  if (link) {
    const school = await schoolForJoining(read, link.school.id, now);
    return school ? { state: 'open', school, linkId: link.linkId } : { state: 'unknown' };
  }
  return findInvitation({ db: { read }, now }, secret);
}

async function findInvitation(
  { db: { read }, now }: { db: Pick<Ctx['db'], 'read'>; now: Date },
  secret: string,
) {
  const { problem, subject } = await lookUpToken(read, now, secret);
  if (!subject) return { state: problem === 'malformed' ? problem : 'unknown' } as const;
  if (subject.purpose !== 'invitation') return { state: 'foreign' } as const;
  const [row] = await read
    .select({
      id: invitations.id,
      schoolId: invitations.schoolId,
      email: invitations.email,
      name: invitations.name,
      activatedAt: invitations.activatedAt,
      withdrawnAt: invitations.withdrawnAt,
    })
    .from(invitations)
    .where(eq(invitations.id, subject.subjectId as Id<'inv'>));
  const school = row && (await schoolForJoining(read, row.schoolId, now));
  if (!school) return { state: 'unknown' } as const;
  if (row.withdrawnAt) return { state: 'withdrawn', school } as const;
  if (row.activatedAt) return { state: 'activated', school } as const;
  if (problem) return { state: problem === 'expired' ? problem : 'replaced', school } as const;
  const { id, email, name } = row;
  return { state: 'open', school, linkId: id, invitation: { id, email, name } } as const;
}

/** A filled-in profile form. */
export type NewSignUp = SignUpProfile & {
  name: string;
  email: string;
  password: string;
  /** The version that stood on the site when the box was ticked. */
  codeOfConductVersion: string;
  /** The bytes of a picture, as they were uploaded. */
  picture?: Uint8Array | undefined;
};

export type SignUpRefusal =
  /** The link is over or never was: `findActivation` says which. */
  | { refused: 'no-link' }
  | { refused: JoiningProblem; school: SchoolForJoining }
  | { refused: 'bad-password' | 'bad-picture'; sentence: string }
  /** Too many forms through this link (`link`), or too many mails to this address (`address`). */
  | { refused: 'too-often'; of: 'link' | 'address'; until: Date };

/**
 * Keeps a profile form until its address is verified, mails the link for that, and returns the cookie by which the browser
 * is recognised. An earlier form of the same address and school is worth nothing from now on.
 *
 * Whether somebody has a profile with this address shows in nothing: the same is checked, hashed and written, and only the
 * words of the mail differ. Nothing is ever counted against the sender’s network address, because a whole staff room
 * shares one. Throws `TooManyPasswords`.
 */
export async function signUp(
  ctx: Ctx,
  secret: string,
  person: NewSignUp,
): Promise<{ cookie: Cookie } | SignUpRefusal> {
  const email = normaliseAddress(person.email);
  const activation = await findActivation(ctx, secret);
  if (activation.state !== 'open') return { refused: 'no-link' };
  const { school } = activation;
  const problem = joiningProblem(school, email);
  if (problem) return { refused: problem, school };
  const badPassword = passwordProblem(person.password, { name: person.name, email });
  if (badPassword) return { refused: 'bad-password', sentence: badPassword };

  const tooOften = await countSignUp(ctx, activation.linkId, email);
  if (tooOften) return tooOften;
  const passwordHash = await hashPassword(person.password);
  const picture = person.picture && (await storePicture(person.picture));
  if (picture && 'problem' in picture) return { refused: 'bad-picture', sentence: picture.problem };

  const browserSecret = newSecret();
  const { now } = ctx;
  const { name, jobTitle, subjects, country, timeZone, codeOfConductVersion } = person;
  const id = newId('sup', now);
  try {
    await ctx.db.write(async (tx) => {
      await supersedeSignUps(tx, now, school.id, email);
      await tx.insert(signUps).values({
        id,
        email,
        name,
        profile: { jobTitle, subjects, country, timeZone },
        passwordHash,
        browserHash: hashSecret(browserSecret),
        schoolId: school.id,
        pictureId: picture?.pictureId ?? null,
        codeOfConductVersion,
        invitationId: activation.invitation?.id ?? null,
        createdAt: now,
        expiresAt: new Date(now.getTime() + signUpKeptMs),
      });
      await sendVerification(tx, now, { id, email, name, schoolName: school.name });
    });
  } catch (error) {
    if (picture) await removePicture(picture.pictureId);
    throw error;
  }
  return { cookie: signUpCookie(browserSecret) };
}

async function countSignUp(
  ctx: Ctx,
  linkId: string,
  email: string,
): Promise<Extract<SignUpRefusal, { refused: 'too-often' }> | undefined> {
  const linkFullUntil = await countAct(ctx, limits.activationLink, linkId);
  if (linkFullUntil) return { refused: 'too-often', of: 'link', until: linkFullUntil };
  const addressFullUntil = await countAct(ctx, limits.signUpMails, email);
  if (addressFullUntil) return { refused: 'too-often', of: 'address', until: addressFullUntil };
  return undefined;
}
