import { expect, test } from 'vitest';
import { suggestCommunities } from './suggest.ts';

const of = (slug: string, name: string, summary = '', themes: string[] = []) => ({
  slug,
  name,
  summary,
  themes,
});
const communities = [
  of('school-librarians', 'School Librarians', 'For whoever runs the library.'),
  of('school-nurses', 'School Nurses', 'For whoever runs the health office.'),
  of('music-teachers', 'Music Teachers', 'For whoever teaches music.', ['Choirs without auditions']),
  of('science-teachers', 'Science Teachers', 'For whoever teaches science.'),
  of('art-teachers', 'Visual Arts Teachers', 'For whoever teaches art.'),
  of('primary-teachers', 'Primary Teachers', 'For whoever teaches a primary class.'),
];
const suggested = (jobTitle: string, subjects = '', taken: string[] = []) =>
  suggestCommunities({ jobTitle, subjects }, communities, new Set(taken));

test('a job finds its community whatever its ending, with the words that led there', () => {
  expect(suggested('Librarian')).toEqual([{ slug: 'school-librarians', because: ['Librarian'] }]);
  expect(suggested('', 'Library')).toEqual([{ slug: 'school-librarians', because: ['Library'] }]);
});

test('themes count, and the closest comes first', () => {
  expect(suggested('Head of music', 'Choirs, science club').map(({ slug }) => slug)).toEqual([
    'music-teachers',
    'science-teachers',
  ]);
});

test('a word that stands almost everywhere says nothing', () => {
  expect(suggested('Teacher')).toEqual([]);
});

test('a word of level alone suggests nothing, with a second one of the name it does', () => {
  expect(suggested('Primary librarian').map(({ slug }) => slug)).toEqual(['school-librarians']);
  expect(suggested('Primary teacher').map(({ slug }) => slug)).toEqual(['primary-teachers']);
});

test('nothing is suggested that somebody is in already, and nothing for an empty profile', () => {
  expect(suggested('Librarian', '', ['school-librarians'])).toEqual([]);
  expect(suggested('')).toEqual([]);
  expect(suggested('图书馆 (…)')).toEqual([]);
});
