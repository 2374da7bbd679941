import { expect, test } from 'vitest';
import { newId } from './ids.ts';

const now = new Date('2026-11-21T09:30:00.123Z');

test('an id is its prefix and a UUIDv7 of the moment it was made', () => {
  const [prefix, digits] = newId('aud', now).split('_');
  expect(prefix).toBe('aud');
  expect(digits).toMatch(/^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  expect(Number.parseInt(digits!.slice(0, 12), 16)).toBe(now.getTime());
});

test('ids of the same millisecond differ', () => {
  const ids = Array.from({ length: 10_000 }, () => newId('usr', now));
  expect(new Set(ids).size).toBe(ids.length);
});

test('ids of a later millisecond sort after earlier ones', () => {
  const earlier = newId('usr', now);
  const later = newId('usr', new Date(now.getTime() + 1));
  expect([later, earlier].sort()).toEqual([earlier, later]);
});
