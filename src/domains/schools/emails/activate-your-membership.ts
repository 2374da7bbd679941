import { longDay } from '../../../lib/dates.ts';
import { listed } from '../../../lib/text.ts';
import { env } from '../../../platform/env.ts';
import type { Block, MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

export type ActivateYourMembershipProps = {
  name: string;
  school: {
    name: string;
    membershipStartsOn: string;
    membershipEndsOn: string;
    seatLimit: number | null;
    emailDomains: string[];
  };
  /** First day of the membership, where that is still to come. */
  opensOn: string | undefined;
  /** The SAM’s own. */
  setUpUrl: string;
  /** The school’s; undefined when it has none that can be shown. */
  activationUrl: string | undefined;
};

/** The first onboarding mail, for the SAM alone (SAMs’ handbook, “The two onboarding mails”). */
export function activateYourMembership(props: ActivateYourMembershipProps): MailContent {
  const { name, school, opensOn, setUpUrl, activationUrl } = props;
  return {
    // As the handbooks and the rest of onboarding name it, word for word.
    subject: "It's time to activate your PeerSphere Membership!",
    preview: `Your own set-up link, and the Activation Link for the staff of ${school.name}.`,
    blocks: [
      { heading: `${school.name} has joined PeerSphere` },
      { paragraph: greeting(name) },
      {
        paragraph:
          'You are its School Account Manager, or SAM for short: the person who opens the door for your colleagues. This mail holds two links. One is yours, one is for everybody.',
      },
      { heading: 'Your own set-up link' },
      {
        paragraph:
          'Choose a password, and you arrive in PeerSphere as a member with a SAM dashboard. If you have a sign-in with this address already, you use that.',
      },
      { button: 'Set up my sign-in', href: setUpUrl },
      {
        paragraph: [
          { strong: 'Please do not forward this mail.' },
          ' Whoever opens this link first would be setting up your sign-in. It works once, and for seven days.',
        ],
      },
      ...(activationUrl ? forStaff(school.name, opensOn, activationUrl) : []),
      { facts: factsOf(school) },
      {
        paragraph: [
          'How to begin, in ten minutes of a staff meeting: ',
          { link: 'the SAMs Handbook', href: `${env.siteUrl}/handbooks/sams` },
          '.',
        ],
      },
      {
        small: [
          'Wrong person, or a question? ',
          { link: 'Write to us', href: `${env.siteUrl}/contact` },
          ' and we will put it right.',
        ],
      },
    ],
  };
}

function forStaff(schoolName: string, opensOn: string | undefined, activationUrl: string): Block[] {
  return [
    { heading: 'The Activation Link for Staff' },
    { paragraph: `Every colleague at ${schoolName} uses this same link:` },
    { paragraph: { link: activationUrl, href: activationUrl } },
    ...(opensOn
      ? [{ paragraph: { strong: `It works from ${longDay(opensOn)}. Please share it then.` } }]
      : []),
    {
      paragraph:
        'It is for your school’s own staff. You find it again in your SAM dashboard at any time. A second mail, ready to forward to your colleagues, holds it too.',
    },
  ];
}

function factsOf(school: ActivateYourMembershipProps['school']): [string, string][] {
  const { membershipStartsOn, membershipEndsOn, seatLimit, emailDomains } = school;
  return [
    ['Membership', `${longDay(membershipStartsOn)} to ${longDay(membershipEndsOn)}`],
    ['Places', seatLimit === null ? 'For all of your staff' : `${seatLimit}, yours included`],
    ...(emailDomains.length > 0
      ? [
          ['Addresses', `Colleagues join with ${listed(emailDomains.map((domain) => `@${domain}`))}`] as [
            string,
            string,
          ],
        ]
      : []),
  ];
}
