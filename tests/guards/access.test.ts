import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { access, mayEnter } from '../../src/middleware/access.ts';

const routes = readdirSync('src/pages', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => /\.(?:astro|ts)$/.test(file));

const patternOf = (file: string) =>
  `/${file.replace(/\.(?:astro|ts)$/, '').replace(/(?:^|\/)index$/, '')}`.replace(/\/$/, '') || '/';

const isOnDemand = (file: string) =>
  /export const prerender = false/.test(readFileSync(`src/pages/${file}`, 'utf8'));

test('every route that is answered on demand has a row in the access table', () => {
  const onDemand = routes.filter(isOnDemand).map(patternOf);
  expect(onDemand.length).toBeGreaterThan(0);
  expect(onDemand.filter((pattern) => !(pattern in access))).toEqual([]);
});

test('every row in the access table is a route', () => {
  const patterns = new Set(routes.map(patternOf));
  expect(Object.keys(access).filter((pattern) => !patterns.has(pattern))).toEqual([]);
});

test('a route without a row is closed to everybody', () => {
  expect(mayEnter('/staff/[...page]', true)).toBe(false);
  expect(mayEnter('/_image', true)).toBe(false);
});

test('the CMS is closed unless it is opened', () => {
  expect(mayEnter('/keystatic/[...params]', false)).toBe(false);
  expect(mayEnter('/api/keystatic/[...params]', false)).toBe(false);
  expect(mayEnter('/keystatic/[...params]', true)).toBe(true);
});
