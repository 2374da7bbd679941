import { expect, test } from 'vitest';
import { entryDiff, fieldWords } from './entry-diff.ts';

const person = `name: Mei Talbot
role: Librarian
school: Lantern Bay
city: Qingdao
country: CN
languages:
  - English
  - Mandarin
bio: Reads on trains.
`;

test('a field that changed is named as in the CMS, with the words that changed', () => {
  const after = person.replace('Reads on trains.', 'Reads on boats.').replace('  - Mandarin\n', '');
  expect(entryDiff('people/mei.yaml', person, after)).toEqual([
    {
      label: 'Languages',
      lines: [
        { is: 'same', text: 'English' },
        { is: 'removed', text: 'Mandarin' },
      ],
    },
    {
      label: 'About',
      lines: [
        {
          is: 'changed',
          pieces: [
            { is: 'same', text: 'Reads on ' },
            { is: 'removed', text: 'trains' },
            { is: 'added', text: 'boats' },
            { is: 'same', text: '.' },
          ],
        },
      ],
    },
  ]);
});

test('an entry that is new has all its fields, and its text', () => {
  const page = '---\ntitle: Costs\n---\nWhat it costs.\n';
  expect(entryDiff('pages/costs.mdoc', undefined, page)).toEqual([
    { label: 'Title', lines: [{ is: 'added', text: 'Costs' }] },
    { label: 'Text', lines: [{ is: 'added', text: 'What it costs.' }] },
  ]);
});

test('an item that came into a list does not make those after it look changed', () => {
  const home = (steps: string[]) =>
    `steps:\n${steps.map((title) => `  - title: ${title}\n    text: t\n`).join('')}`;
  const diffs = entryDiff('home.yaml', home(['a', 'b', 'c']), home(['new', 'a', 'b', 'c']));
  expect(diffs.map(({ label }) => label)).toEqual([
    expect.stringMatching(/› 1 › /),
    expect.stringMatching(/› 1 › /),
  ]);
});

test('an item of a list that changed in one field is that field', () => {
  const home = (title: string) => `steps:\n  - title: ${title}\n    text: t\n  - title: b\n    text: u\n`;
  const [diff, ...others] = entryDiff('home.yaml', home('a'), home('z'));
  expect(diff!.label).toMatch(/› 1 › /);
  expect(others).toEqual([]);
});

test('a file that cannot be read as an entry is compared as text', () => {
  const [diff] = entryDiff('people/mei.yaml', person, 'name: [');
  expect(diff!.label).toBe('The file');
});

test('a file that says the same in another way says so', () => {
  const [diff] = entryDiff('people/mei.yaml', 'name: "Mei"\n', 'name: Mei\n');
  expect(diff!.label).toBe('The way it is written down');
});

test.each([
  ['people/mei.yaml', 'bio', 'About'],
  ['home.yaml', 'steps › 2 › title', /^.+ › 2 › Title$/],
  ['people/mei.yaml', 'favouriteColour', 'Favourite colour'],
  ['notes.txt', 'x', 'X'],
])('of %s the field %s is called %s', (path, field, words) => {
  const found = fieldWords(path, field);
  if (typeof words === 'string') expect(found).toBe(words);
  else expect(found).toMatch(words);
});
