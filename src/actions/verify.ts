import { type AddressLink, addressPurposeOf, findAddressLink } from '../domains/accounts/addresses.ts';
import { linkStatus } from '../domains/accounts/model.ts';
import { lookUpToken } from '../domains/accounts/tokens.ts';
import {
  type Browser,
  findVerification,
  type Verification,
  verificationStatus,
} from '../domains/schools/sign-ups.ts';
import type { Ctx } from '../platform/context.ts';
import { confirm, join, resend } from './activation.ts';
import { confirmAddress, undoAddress } from './address-links.ts';

/** Every form that a page behind `/verify/<secret>` may send. */
export const verifyForms = { confirm, join, resend, confirmAddress, undoAddress };

/** What stands behind `/verify/<secret>`, and whose domain it is. */
export type VerifyLink =
  | { of: 'schools'; verification: Verification }
  | { of: 'accounts'; address: AddressLink };

/** Finds out whose link it is by its purpose. Changes nothing. */
export async function findLink(ctx: Ctx, secret: string, browser: Browser): Promise<VerifyLink> {
  const { subject } = await lookUpToken(ctx.db.read, ctx.now, secret);
  if (subject && addressPurposeOf(subject.purpose))
    return { of: 'accounts', address: await findAddressLink(ctx, secret) };
  return { of: 'schools', verification: await findVerification(ctx, secret, browser) };
}

/** The status of the page about this link, where it is none of success. */
export function linkPageStatus(link: VerifyLink): number | undefined {
  if (link.of === 'schools') return verificationStatus(link.verification);
  return 'problem' in link.address ? linkStatus(link.address.problem) : undefined;
}
