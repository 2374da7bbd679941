import { spanText, zoneText } from '../../../lib/time.ts';
import { env } from '../../../platform/env.ts';
import type { Block, MailContent } from '../../mail/blocks.ts';
import { greeting } from '../../schools/emails/greeting.ts';
import type { NudgeKind } from '../model.ts';

/** What every nudge is made with. */
export type NudgeProps = {
  /** Whom it greets; empty when the SAM gave no name. */
  name: string;
  schoolName: string;
  /** Who presses the button: a SAM. Empty for staff, who do it for a school. */
  from: string;
  /** What they add in their own words; empty for nothing. */
  note: string;
};

/** A live session that is next in one of their communities. */
export type NextForThem = {
  id: string;
  title: string;
  communityName: string;
  startsAt: Date;
  endsAt: Date;
  timeZone: string;
};

/** What the ready message of a kind says, for a SAM to read before it goes out. */
export const nudgeMessages: Readonly<Record<NudgeKind, { subject: string; sentences: readonly string[] }>> = {
  activate: {
    subject: 'Your place in PeerSphere is still free',
    sentences: [
      'Your place is there already, and nobody else takes it for now. Activating it takes about five minutes.',
      'People who do your job in other schools meet here: in four live sessions a year, and with questions and resources in between.',
    ],
  },
  'join-community': {
    subject: 'One community is enough to start with',
    sentences: [
      'You are in PeerSphere already, which is the difficult part. The list of communities is long, so begin with one: the one that is nearest to your own job.',
      'You can leave it at any time, and join others later.',
    ],
  },
  answer: {
    subject: 'Come to a first live session',
    sentences: [
      'A live session is where you meet the others: ninety minutes, with people who do your job.',
      'Say whether you are coming, and it stands in your calendar. You can change your mind, and a “no” helps the host too.',
    ],
  },
};

/** To somebody who was invited and has not activated. `secret` is that of a new link: the one before works no more. */
export const nudgeToActivate = (props: NudgeProps & { secret: string }): MailContent =>
  nudge('activate', props, [
    { button: 'Activate my membership', href: `${env.siteUrl}/activate/${props.secret}` },
    {
      small:
        'This link is for you alone and works for 30 days. The link in our earlier mail does not work any more.',
    },
  ]);

/** To a member who has joined no community. */
export const nudgeToJoin = (props: NudgeProps): MailContent =>
  nudge('join-community', props, [
    { button: 'Choose a community', href: `${env.siteUrl}/me/communities` },
    {
      paragraph: [
        'Not sure which one? ',
        { link: 'How to choose', href: `${env.siteUrl}/handbooks/members/choosing-communities` },
        ' takes two minutes to read.',
      ],
    },
  ]);

/** To a member of communities who has answered no invitation to a live session. */
export const nudgeToAnswer = (props: NudgeProps & { next: NextForThem | undefined }): MailContent =>
  nudge('answer', props, props.next ? aboutNext(props.next) : [calendarButton]);

const calendarButton: Block = { button: 'See what is coming', href: `${env.siteUrl}/me/calendar` };

const aboutNext = ({ id, title, communityName, startsAt, endsAt, timeZone }: NextForThem): Block[] => [
  { paragraph: 'This one is next for you:' },
  {
    facts: [
      ['Live session', title],
      ['Community', communityName],
      ['When', `${spanText(startsAt, endsAt, timeZone)}, ${zoneText(timeZone, startsAt)}`],
    ],
  },
  { button: 'Say whether you are coming', href: `${env.siteUrl}/live-sessions/${id}` },
];

function nudge(kind: NudgeKind, { name, schoolName, from, note }: NudgeProps, blocks: Block[]): MailContent {
  const { subject, sentences } = nudgeMessages[kind];
  return {
    subject,
    preview: sentences[0] ?? '',
    blocks: [
      { heading: subject },
      { paragraph: greeting(name) },
      ...(note
        ? [{ quote: note }, { small: from ? `${from}, ${schoolName}` : schoolName } satisfies Block]
        : []),
      ...sentences.map((paragraph) => ({ paragraph })),
      ...blocks,
      {
        small: `${from || 'Somebody'} at ${schoolName} asked us to send you this. You get at most one such mail in a week.`,
      },
    ],
  };
}
