import { describe, expect, test } from 'vitest';
import { createSchoolInput, editSchoolInput, renewSchoolInput, setUpInput } from './inputs.ts';

const facts = {
  name: 'Lotus Bay School',
  city: 'Bangkok',
  country: 'TH',
  timeZone: 'Asia/Bangkok',
  membershipStartsOn: '2026-08-01',
  membershipEndsOn: '2027-07-31',
  seatLimit: '',
  emailDomains: '',
  partnerAssociation: '',
};
const school = { ...facts, samName: 'Mira Sample', samEmail: 'mira@lotus.example.test' };
const problems = (given: object) => {
  const result = createSchoolInput.safeParse({ ...school, secondSamName: '', secondSamEmail: '', ...given });
  return result.success
    ? {}
    : Object.fromEntries(result.error.issues.map((issue) => [issue.path[0] ?? 'form', issue.message]));
};

describe('a new school', () => {
  test('needs its facts and one SAM, and takes an empty second one', () => {
    expect(problems({})).toEqual({});
    expect(Object.keys(problems({ name: ' ', city: '', samName: '', samEmail: 'mira' }))).toEqual([
      'name',
      'city',
      'samName',
      'samEmail',
    ]);
  });

  test('takes both halves of a second SAM, who is another person', () => {
    expect(problems({ secondSamName: 'Tao Sample', secondSamEmail: 'tao@lotus.example.test' })).toEqual({});
    expect(problems({ secondSamName: 'Tao Sample' })).toHaveProperty('secondSamEmail');
    expect(problems({ secondSamEmail: 'tao@lotus.example.test' })).toHaveProperty('secondSamName');
    expect(problems({ secondSamName: 'Tao', secondSamEmail: 'tao' })).toHaveProperty('secondSamEmail');
    expect(problems({ secondSamName: 'Mira', secondSamEmail: 'MIRA@lotus.example.test' })).toHaveProperty(
      'secondSamEmail',
    );
  });

  test.each([
    ['a last day before the first', { membershipEndsOn: '2026-07-31' }, 'membershipEndsOn'],
    ['a day that does not exist', { membershipStartsOn: '2026-02-30' }, 'membershipStartsOn'],
    ['no places', { seatLimit: '0' }, 'seatLimit'],
    ['half a place', { seatLimit: '1.5' }, 'seatLimit'],
    ['a domain that is none', { emailDomains: 'lotus.example.test\nnot a domain' }, 'emailDomains'],
    ['a country that is none', { country: 'XX' }, 'country'],
    ['a time zone that is none', { timeZone: 'Mars/Base' }, 'timeZone'],
    ['a line break in the name', { name: 'Lotus\r\nBcc: x' }, 'name'],
    ['a mark that turns the text', { samName: 'Mira\u202e' }, 'samName'],
    ['ten thousand characters', { name: 'x'.repeat(10_000) }, 'name'],
  ])('refuses %s', (_, given, field) => {
    expect(Object.keys(problems(given))).toEqual([field]);
  });

  test('refuses fields that the form does not have', () => {
    expect(problems({ pausedAt: '2026-01-01' })).toHaveProperty('form');
  });
});

test('domains are kept once each, in the form in which they are compared', () => {
  const { emailDomains } = editSchoolInput.parse({
    ...facts,
    emailDomains: '@Lotus.example.test\r\nlotus.example.test, b.example',
  });
  expect(emailDomains).toEqual(['lotus.example.test', 'b.example']);
});

test('no number of places means no limit', () => {
  expect(renewSchoolInput.parse({ membershipEndsOn: '2028-07-31', seatLimit: '' }).seatLimit).toBeNull();
  expect(renewSchoolInput.parse({ membershipEndsOn: '2028-07-31', seatLimit: '40' }).seatLimit).toBe(40);
});

test('nobody sets up without the code of conduct, nor with a role of their own choice', () => {
  const person = {
    name: '沈 Sample 🌸',
    jobTitle: 'Librarian',
    country: 'TH',
    timeZone: 'Asia/Bangkok',
    password: 'seven blue herons',
    codeOfConductVersion: '2.0',
    codeOfConduct: 'on',
  };
  expect(setUpInput.safeParse(person).success).toBe(true);
  expect(setUpInput.safeParse({ ...person, codeOfConduct: undefined }).success).toBe(false);
  expect(setUpInput.safeParse({ ...person, role: 'staff' }).success).toBe(false);
});
