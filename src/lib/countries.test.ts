import { expect, test } from 'vitest';
import { countries, countryName, isCountry } from './countries.ts';

test('there are all countries of ISO 3166-1 but the four where nobody lives, and Kosovo, once each, by name', () => {
  expect(countries).toHaveLength(246);
  expect(new Set(countries.map(({ code }) => code)).size).toBe(246);
  expect(countries.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b, 'en'))).toEqual(
    countries.map(({ name }) => name),
  );
});

test('every country has a name of its own in English', () => {
  expect(countries.filter(({ code, name }) => name === code || name.length < 4)).toEqual([]);
  expect(new Set(countries.map(({ name }) => name)).size).toBe(246);
  expect(countryName('VN')).toBe('Vietnam');
});

test.each(['', 'vn', 'XX', 'ZZ', 'EU', 'VNM', ' VN', '__proto__'])('“%s” is not a country', (code) => {
  expect(isCountry(code)).toBe(false);
  expect(countryName(code)).toBe(code);
});
