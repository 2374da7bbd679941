import { longDay } from '../../../lib/dates.ts';
import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

export type ForwardToColleaguesProps = {
  /** Of the SAM, in whose voice it is written. */
  name: string;
  school: { name: string; emailDomains: string[] };
  /** First day of the membership, where that is still to come. */
  opensOn: string | undefined;
  activationUrl: string;
};

/** The second onboarding mail: to the SAM, but written to colleagues, so that it can be forwarded as it is. */
export function forwardToColleagues({
  name,
  school,
  opensOn,
  activationUrl,
}: ForwardToColleaguesProps): MailContent {
  const domains = school.emailDomains.map((domain) => `@${domain}`);
  const atDomains = domains.length > 0 ? ` (${domains.join(' or ')})` : '';
  return {
    // As the handbooks and the rest of onboarding name it, word for word.
    subject: "[forward to your colleagues] It's time to activate your PeerSphere Membership!",
    preview: `${school.name} has joined PeerSphere. This link is for our staff.`,
    blocks: [
      { heading: `You are invited: ${school.name} has joined PeerSphere` },
      { paragraph: 'Dear colleagues,' },
      {
        paragraph:
          'Our school is now a member of PeerSphere: communities of people with the same role in different international schools. Each has live sessions during the season, and a hub for questions and resources in between. You may join as many communities as you like.',
      },
      { paragraph: 'This Activation Link is for the staff of our school:' },
      { button: 'Activate my membership', href: activationUrl },
      { paragraph: 'It takes less than ten minutes. Have your school mail open.' },
      {
        steps: [
          `Open the link. The page names ${school.name}.`,
          `Complete the profile form: your name, your school e-mail address${atDomains}, your role, a password.`,
          'Go to your inbox and follow the link in the verification mail.',
          'Confirm. You are signed in, and you arrive at All Communities.',
          'Join the community that matches your role.',
        ],
      },
      {
        paragraph: [
          'Every step, and help when you get stuck: ',
          {
            link: 'Activate your membership',
            href: `${env.siteUrl}/handbooks/members/activate-your-membership`,
          },
          '.',
        ],
      },
      {
        paragraph: [
          ...(opensOn ? [{ strong: `The link works from ${longDay(opensOn)}.` }, ' '] : []),
          'Please keep it inside our school, and do not put it on a public page.',
        ],
      },
      { paragraph: 'Questions? Ask me.' },
      { paragraph: [{ strong: name }, `, School Account Manager (SAM) of ${school.name}`] },
    ],
  };
}
