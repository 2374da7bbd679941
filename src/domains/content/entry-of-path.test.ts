import { expect, test } from 'vitest';
import { cpuTime } from '../../../tests/cpu-time.ts';
import { entryOfPath, entryWords, titleIn } from './entry-of-path.ts';

test.each([
  ['people/mei.yaml', '/keystatic/collection/people/item/mei', undefined],
  [
    'handbooks/members/welcome.mdoc',
    '/keystatic/collection/handbook-members/item/welcome',
    '/handbooks/members/welcome',
  ],
  ['pages/membership.mdoc', '/keystatic/collection/pages/item/membership', '/membership'],
  ['images/three-networks/index.yaml', '/keystatic/collection/images/item/three-networks', undefined],
  ['images/three-networks/file.png', '/keystatic/collection/images/item/three-networks', undefined],
  ['settings.yaml', '/keystatic/singleton/settings', undefined],
  ['home.yaml', '/keystatic/singleton/home', '/'],
])('%s is edited at %s', (path, cmsHref, pageHref) => {
  expect(entryOfPath(path)).toMatchObject({ cmsHref, pageHref });
});

test.each(['README.md', 'people/deep/er.yaml', 'people/mei.exe', 'images/lonely.png', '../settings.yaml'])(
  '%s is no entry',
  (path) => {
    expect(entryOfPath(path)).toBeUndefined();
  },
);

test('an entry is called by its list and title, else by its address', () => {
  expect(entryWords('people/mei-talbot.yaml', 'Mei Talbot')).toBe('People: Mei Talbot');
  expect(entryWords('people/mei-talbot.yaml')).toBe('People: Mei talbot');
});

test.each([
  ['name: Mei Talbot', 'Mei Talbot'],
  ["name: 'Mei''s page'", "Mei's page"],
  ['name: >-\n  Mei', undefined],
  ['role: Librarian', undefined],
])('the title in %o is %o', (text, title) => {
  expect(titleIn('people/mei.yaml', text)).toBe(title);
});

test('a title is short and can be printed, however long the line is that it stands in', () => {
  const began = cpuTime();
  const line = `name: M\x01ei${' '.repeat(500_000)}Talbot`;
  expect(titleIn('people/mei.yaml', line)).toBe(`M ei${' '.repeat(196)}`);
  expect(cpuTime() - began).toBeLessThan(200);
});
