import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { keyedHash, seal, unseal } from './seal.ts';

describe('a sealed text', () => {
  test('opens to what was sealed, in any script', () => {
    for (const text of ['', 'a link', 'Grüße, 学校, مدرسة, 👩🏽‍🏫', 'x'.repeat(100_000)])
      expect(unseal('mail-body', seal('mail-body', text))).toBe(text);
  });

  test('shows nothing of the text, and is another each time', () => {
    const [one, other] = [seal('mail-body', 'the secret link'), seal('mail-body', 'the secret link')];
    expect(one).not.toBe(other);
    expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('secret');
  });

  test('opens for no other purpose', () => {
    expect(unseal('mail-body', seal('activation-link', 'a link'))).toBeUndefined();
  });

  test('opens no more once any bit of it was changed', () => {
    const bytes = Buffer.from(seal('mail-body', 'a link'), 'base64url');
    for (const place of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed[place]! ^= 1;
      expect(unseal('mail-body', changed.toString('base64url'))).toBeUndefined();
    }
  });

  test('cut short, or never sealed at all, is nothing and no error', () => {
    const sealed = seal('mail-body', 'a link');
    for (const text of ['', 'nonsense', sealed.slice(0, 20), sealed.slice(0, -4), '=%!', sealed + sealed])
      expect(unseal('mail-body', text)).toBeUndefined();
  });
});

test('a keyed hash is the same for the same text, and another for another text or purpose', () => {
  expect(keyedHash('throttle', 'a')).toBe(keyedHash('throttle', 'a'));
  expect(
    new Set([keyedHash('throttle', 'a'), keyedHash('throttle', 'b'), keyedHash('other', 'a')]).size,
  ).toBe(3);
  expect(keyedHash('throttle', 'noor@example.test')).toMatch(/^[\w-]{43}$/);
});

describe('the key', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  /** These modules as a process with other variables would have them. */
  async function elsewhere(variables: Record<string, string>) {
    vi.resetModules();
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    return import('./seal.ts');
  }

  test('comes from APP_SECRET: with another one nothing opens, and hashes differ', async () => {
    const sealed = seal('mail-body', 'a link');
    const hash = keyedHash('throttle', 'a');
    const other = await elsewhere({ APP_SECRET: 'another secret, which is long enough as well' });
    expect(other.unseal('mail-body', sealed)).toBeUndefined();
    expect(other.keyedHash('throttle', 'a')).not.toBe(hash);
  });

  test('on this machine alone is made once, for its owner’s eyes, and found again', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const variables = { APP_SECRET: '', DATA_DIR: path.join(folder, 'data') };
    const sealed = (await elsewhere(variables)).seal('mail-body', 'a link');
    expect((await elsewhere(variables)).unseal('mail-body', sealed)).toBe('a link');
    const file = path.join(folder, 'data', 'app-secret');
    expect(Buffer.from(await readFile(file, 'utf8'), 'base64url')).toHaveLength(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
