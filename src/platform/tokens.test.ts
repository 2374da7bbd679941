import { expect, test } from 'vitest';
import { hashSecret, isSecret, newSecret, sameHash } from './tokens.ts';

test('a secret has 256 random bits in 43 characters that fit into an address', () => {
  const secrets = new Set(Array.from({ length: 1000 }, newSecret));
  expect(secrets.size).toBe(1000);
  for (const secret of secrets) {
    expect(isSecret(secret)).toBe(true);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(encodeURIComponent(secret)).toBe(secret);
  }
});

test('what is stored of a secret is its SHA-256', () => {
  expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('the hash of a secret is no secret: a stolen database row is refused as a cookie or link', () => {
  expect(isSecret(hashSecret(newSecret()))).toBe(false);
});

test.each([
  '',
  'x',
  'a'.repeat(42),
  'a'.repeat(44),
  `${'a'.repeat(42)}=`,
  `${'a'.repeat(42)}/`,
  `${'a'.repeat(42)}é`,
  `${'a'.repeat(43)}\n`,
])('“%s” is not a secret', (text) => {
  expect(isSecret(text)).toBe(false);
});

test('hashes are compared whole, whatever their lengths', () => {
  const hash = hashSecret('one');
  expect(sameHash(hash, hashSecret('one'))).toBe(true);
  expect(sameHash(hash, hashSecret('two'))).toBe(false);
  expect(sameHash(hash, hash.slice(1))).toBe(false);
  expect(sameHash('', '')).toBe(true);
});
