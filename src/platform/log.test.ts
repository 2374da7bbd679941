import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { tokens } from '#db/schema/accounts.ts';
import { addUser, useDatabase } from '../../tests/database.ts';
import { loggable } from './log.ts';
import { hashSecret, newSecret } from './tokens.ts';

const now = new Date('2026-11-22T03:00:00Z');

/** What the log would have of what `work` is rejected with. */
const logged = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return loggable(error);
};

describe('the log tells of a failed query', () => {
  test('what failed and why, but neither addresses nor hashes that it was asked with', async () => {
    const db = await useDatabase();
    const { email } = await addUser(db, now, { name: 'Juno Example' });
    const missing = sql`SELECT 1 FROM missing WHERE email = ${email}`;
    const inRead = await logged(db.write((tx) => tx.run(missing)));
    const inWrite = await logged(addUser(db, now, { email, name: 'Juno Example' }));
    for (const told of [inRead, inWrite]) {
      expect(JSON.stringify(told)).toContain('Failed query');
      expect(JSON.stringify(told)).not.toMatch(/example\.test|Juno|argon2/);
    }
    expect(JSON.stringify(inWrite)).toMatch(/UNIQUE constraint failed: users.email/);
  });

  test('no token’s hash either', async () => {
    const db = await useDatabase();
    const tokenHash = hashSecret(newSecret());
    const row = {
      tokenHash,
      purpose: 'set-up' as const,
      subjectId: 'x',
      email: 'a@example.test',
      createdAt: now,
      expiresAt: now,
    };
    const insert = () => db.write((tx) => tx.insert(tokens).values(row));
    await insert();
    const told = JSON.stringify(await logged(insert()));
    expect(told).toContain('Failed query');
    expect(told).not.toContain(tokenHash);
    expect(told).not.toContain('a@example.test');
  });
});

test('of any other error it tells kind, words, code and place, without addresses and tokens in the words', () => {
  const secret = newSecret();
  const cause = Object.assign(new TypeError(`No room for noor@example.test at /verify/${secret}`), {
    code: 'ENOSPC',
  });
  const told = loggable(new Error('The act failed.', { cause }));
  expect(told).toMatchObject({
    type: 'Error',
    message: 'The act failed.',
    cause: { type: 'TypeError', code: 'ENOSPC' },
  });
  expect(String(told['stack'])).toContain('log.test.ts');
  expect(JSON.stringify(told)).not.toContain('noor@');
  expect(JSON.stringify(told)).not.toContain(secret);
});

test('of what is no error it tells only that', () => {
  expect(loggable('noor@example.test')).toEqual({ type: 'string' });
});
