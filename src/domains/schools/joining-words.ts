import { longDay } from '../../lib/dates.ts';
import type { SchoolForJoining, SchoolView } from './queries.ts';
import type { Closed } from './sign-ups.ts';

const anyOf = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** `Ask Ana Lee or Bo Chan: they look after PeerSphere at Harbour School.` */
export function whomToAsk({ name, samNames }: Pick<SchoolView, 'name' | 'samNames'>): string {
  const [first, ...others] = samNames;
  if (!first) return `Ask whoever looks after professional development at ${name}.`;
  if (others.length === 0) return `Ask ${first}, who looks after PeerSphere at ${name}.`;
  return `Ask ${anyOf.format(samNames)}: they look after PeerSphere at ${name}.`;
}

/** Why nobody, or not this person, can join the school now. */
export function closedWords(problem: Closed, school: SchoolForJoining): { title: string; lead: string } {
  const { name, membershipStartsOn, membershipEndsOn } = school;
  switch (problem) {
    case 'paused':
      return {
        title: 'Nobody can join just now',
        lead: `The membership of ${name} is paused. Who has joined already stays; new colleagues have to wait.`,
      };
    case 'ended':
      return {
        title: 'The membership has ended',
        lead: `The membership of ${name} ended on ${longDay(membershipEndsOn)}. Your school can renew it.`,
      };
    case 'not-started':
      return {
        title: 'You are early',
        lead: `The membership of ${name} begins on ${longDay(membershipStartsOn)}. Open this link again from that day on.`,
      };
    case 'full':
      return {
        title: 'All places are taken',
        lead: `${name} has a fixed number of places in PeerSphere, and each of them has somebody in it. Your school can ask for more.`,
      };
    case 'other-domain':
      return { title: 'Your school asks for its own addresses', lead: otherDomainSentence(school) };
    case 'invitation-withdrawn':
      return {
        title: 'The invitation was withdrawn',
        lead: `${name} has taken back the invitation that you followed.`,
      };
    case 'invitation-activated':
      return {
        title: 'The invitation was used already',
        lead: 'An invitation is for one person, and somebody has joined with this one.',
      };
  }
}

/** `Harbour School takes only addresses at harbour.example.test.` */
export function otherDomainSentence({
  name,
  emailDomains,
}: Pick<SchoolForJoining, 'name' | 'emailDomains'>): string {
  return `${name} takes only addresses at ${anyOf.format(emailDomains)}.`;
}
