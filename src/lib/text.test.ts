import { expect, test } from 'vitest';
import { counted, countryName, foldForSearch, listed, readingMinutes, slugify } from './text.ts';

test('a heading becomes an address of lower case letters, digits and single hyphens', () => {
  expect(slugify('  What hurts, & what helps? ')).toBe('what-hurts-what-helps');
  expect(slugify('This season’s themes')).toBe('this-seasons-themes');
  expect(slugify('Café Tết 2027')).toBe('cafe-tet-2027');
});

test('a heading in Chinese keeps its characters', () => {
  expect(slugify('时间 安排')).toBe('时间-安排');
});

test('reading time counts 200 words a minute and is at least one minute', () => {
  expect(readingMinutes('word '.repeat(900))).toBe(5);
  expect(readingMinutes('')).toBe(1);
});

test('reading time of Chinese text counts characters', () => {
  expect(readingMinutes('学'.repeat(1750))).toBe(5);
});

test('a count names one thing in the singular and others in the plural', () => {
  expect(counted(1, 'community', 'communities')).toBe('1 community');
  expect(counted(1200, 'page')).toBe('1,200 pages');
  expect(counted(0, 'page')).toBe('0 pages');
});

test('a list reads as a sentence', () => {
  expect(listed(['English', 'Spanish', 'Thai'])).toBe('English, Spanish and Thai');
});

test('what people type without diacritics finds what is written with them', () => {
  expect(foldForSearch('Tết, Đà Nẵng')).toBe('tet, da nang');
});

test('a country code reads as its name, and anything else as itself', () => {
  expect(countryName('VN')).toBe('Vietnam');
  expect(countryName('Atlantis')).toBe('Atlantis');
});
