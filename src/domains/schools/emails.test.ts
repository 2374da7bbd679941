import { expect, test } from 'vitest';
import { renderMail } from '../mail/blocks.ts';
import { activateYourMembership } from './emails/activate-your-membership.ts';
import { forwardToColleagues } from './emails/forward-to-colleagues.ts';
import { samOffer } from './emails/sam-offer.ts';
import { youAreSam } from './emails/you-are-sam.ts';
import { youLeftSchool } from './emails/you-left-school.ts';

const school = {
  id: 'sch_1',
  name: 'Lotus Bay <School>',
  membershipStartsOn: '2026-08-01',
  membershipEndsOn: '2027-07-31',
  seatLimit: 40,
  emailDomains: ['lotus.example.test'],
};
const activationUrl = 'https://peers.example.test/activate/x';
const setUpUrl = 'https://peers.example.test/set-up/y';
const own = { name: 'Mira Sample', school, opensOn: undefined, activationUrl, setUpUrl };
const textOf = (content: Parameters<typeof renderMail>[0]) => renderMail(content, {}).text;

test.each([
  ['activate-your-membership', activateYourMembership(own)],
  ['forward-to-colleagues', forwardToColleagues(own)],
  ['sam-offer', samOffer({ ...own, askedBy: 'Ines Example' })],
  ['you-are-sam', youAreSam(own)],
  ['you-left-school', youLeftSchool({ name: 'Mira Sample', schoolName: school.name })],
])('%s renders in both forms, with the school’s name escaped', (_, content) => {
  const { subject, html, text } = renderMail(content, {});
  expect(subject).not.toBe('');
  expect(text).toContain('Lotus Bay <School>');
  expect(html).toContain('Lotus Bay &lt;School&gt;');
  expect(html).not.toContain('<School>');
});

test('the SAM’s mail holds both links, and says what the membership allows', () => {
  const text = textOf(activateYourMembership(own));
  expect(text).toContain(setUpUrl);
  expect(text).toContain(activationUrl);
  expect(text).toContain('40, yours included');
  expect(text).toContain('@lotus.example.test');
});

test('the mail to forward holds the school’s link, the school and the SAM, and never the set-up link', () => {
  const text = textOf(forwardToColleagues(own));
  for (const part of [activationUrl, school.name, 'Mira Sample', '(@lotus.example.test)'])
    expect(text.replaceAll(/\s+/g, ' ')).toContain(part);
  expect(text).not.toContain('/set-up/');
  expect(text).not.toContain('works from');
});

test('both say from when the link works, before the membership has begun', () => {
  const early = { ...own, opensOn: '2026-08-01' };
  expect(textOf(activateYourMembership(early))).toContain('It works from 1 August 2026');
  expect(textOf(forwardToColleagues(early))).toContain('The link works from 1 August 2026');
});
