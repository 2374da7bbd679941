import { describe, expect, test } from 'vitest';
import { applicationInput, couponInput, enquiryInput, priceInput } from './inputs.ts';

const application = {
  name: 'Mira Solano',
  email: 'mira@example.test',
  jobTitle: 'Librarian',
  country: 'VN',
  timeZone: 'Asia/Ho_Chi_Minh',
  communities: ['school-librarians'],
  codeOfConductVersion: '2.0',
  conduct: 'on',
};
const enquiry = { name: 'Rosa', email: 'rosa@example.test', topic: 'school', message: 'How much?' };
const coupon = { howMany: '1', percentOff: '50', usesAllowed: '1' };

const sentencesOf = (
  schema: typeof applicationInput | typeof enquiryInput | typeof couponInput,
  input: unknown,
) =>
  Object.entries(
    Object.groupBy(schema.safeParse(input).error?.issues ?? [], ({ path }) => String(path[0] ?? 'form')),
  ).map(([field, issues]) => [field, issues?.[0]?.message]);

test('forms with only what must be there are taken', () => {
  expect(applicationInput.parse(application)).toMatchObject({ workplace: '', message: '', coupon: '' });
  expect(
    enquiryInput.parse({ ...enquiry, country: '', staffCount: '', organisation: '', homepage: '' }),
  ).toMatchObject({
    country: '',
    staffCount: null,
  });
  expect(couponInput.parse(coupon)).toMatchObject({ code: '', percentOff: 50, lastValidOn: null });
});

test('names and messages in any script, with emoji, are kept as they are', () => {
  const name = '陳 Trần Đặng 🙂 O’Neill';
  expect(applicationInput.parse({ ...application, name, message: 'one\r\ntwo' })).toMatchObject({
    name,
    message: 'one\ntwo',
  });
});

describe('an application is refused in a sentence', () => {
  test.each([
    ['name', 'x'.repeat(10_000)],
    ['name', 'Mira\r\nBcc: all@example.test'],
    ['name', 'Mira \u202etxt.exe'],
    ['name', 'Mira\u0000'],
    ['name', ['a', 'b']],
    ['email', 'mira\u200b@example.test'],
    ['email', 'a@example.test, b@example.test'],
    ['email', 'mira@example.test\r\nBcc: all@example.test'],
    ['message', '🙂'.repeat(2001)],
    ['country', 'XX'],
    ['timeZone', '../etc/passwd'],
    ['timeZone', 'Mars/Phobos'],
    ['communities', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['communities', [new File(['x'], 'x.txt')]],
    ['coupon', 'x'.repeat(61)],
    ['coupon', { code: 1 }],
    ['conduct', 'yes'],
    ['conduct', undefined],
  ])('for its %s: %j', (field, value) => {
    const problems = sentencesOf(applicationInput, { ...application, [field]: value });
    expect(problems).toEqual([[field, expect.stringMatching(/\.$/)]]);
  });

  test.each(['price', 'state', 'couponId', 'percentOff', '__proto__x'])(
    'with the unknown field “%s”',
    (field) => {
      expect(applicationInput.safeParse({ ...application, [field]: '1' }).success).toBe(false);
    },
  );
});

test('the price may be asked for before anything else is filled in', () => {
  expect(priceInput.parse({ name: '', communities: [], coupon: '7kq2 mxpa' }).coupon).toBe('7KQ2-MXPA');
  expect(priceInput.safeParse({ coupon: '', price: '1' }).success).toBe(false);
});

describe('an enquiry is refused in a sentence', () => {
  test.each([
    ['topic', 'spam'],
    ['topic', undefined],
    ['country', 'Thailand'],
    ['staffCount', '0'],
    ['staffCount', '-3'],
    ['staffCount', '1e9'],
    ['staffCount', '999999'],
    ['message', ''],
    ['message', 'x'.repeat(5001)],
    ['organisation', 'one\ntwo'],
  ])('for its %s: %j', (field, value) => {
    const problems = sentencesOf(enquiryInput, { ...enquiry, [field]: value });
    expect(problems).toEqual([[field, expect.stringMatching(/\.$/)]]);
  });
});

describe('a coupon is refused in a sentence', () => {
  test.each([
    ['percentOff', '0'],
    ['percentOff', '101'],
    ['percentOff', '12.5'],
    ['usesAllowed', '0'],
    ['howMany', '21'],
    ['code', 'NO SUCH!'],
    ['lastValidOn', '2026-02-30'],
  ])('for its %s: %j', (field, value) => {
    expect(sentencesOf(couponInput, { ...coupon, [field]: value })).toEqual([
      [field, expect.stringMatching(/\.$/)],
    ]);
  });

  test('where one code is asked for several', () => {
    expect(sentencesOf(couponInput, { ...coupon, code: 'LIBRARY', howMany: '2' })).toEqual([
      ['howMany', expect.stringContaining('one coupon')],
    ]);
  });
});
