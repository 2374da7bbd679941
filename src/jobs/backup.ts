import path from 'node:path';
import { parseArgs } from 'node:util';
import { keepIn, usualKeep } from './backup-retention.ts';

/**
 * `npm run backup [-- <folder>] [--keep 24,14,8] [--with-secrets]`: makes a backup of the running site, and prints its folder.
 * Ends with 1 and a sentence when none was made.
 */
function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

function choices() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { keep: { type: 'string' }, 'with-secrets': { type: 'boolean', default: false } },
    });
  } catch {
    return undefined;
  }
}

const chosen = choices();
const keep = chosen?.values.keep === undefined ? usualKeep : keepIn(chosen.values.keep);
if (!chosen || chosen.positionals.length > 1 || !keep)
  fail('Usage: npm run backup -- [<folder>] [--keep <hours>,<days>,<weeks>] [--with-secrets]');
const withSecrets = chosen.values['with-secrets'];

process.env['NODE_ENV'] = 'production'; // where content is then: see platform/env.ts
const { env } = await import('../platform/env.ts');
const { makeBackup } = await import('./make-backup.ts');
const { problemSentence } = await import('./backup-files.ts');

try {
  const made = await makeBackup({
    databaseUrl: env.databaseUrl,
    authToken: env.databaseAuthToken,
    dataDir: env.dataDir,
    contentDir: env.contentDir,
    folder: path.resolve(chosen.positionals[0] ?? path.join(env.dataDir, 'backups')),
    keep,
    withSecrets,
    now: () => new Date(),
  });
  const lines = [
    `backup ${made.folder}`,
    `${made.files} files, ${(made.bytes / 1e6).toFixed(1)} MB${made.removed.length > 0 ? `; removed ${made.removed.join(', ')}` : ''}`,
    ...made.warnings.map((sentence) => `NOTE: ${sentence}`),
    withSecrets
      ? 'NOTE: This backup holds the secrets. Whoever reads it can open activation links and mails that wait: encrypt it before it leaves this machine.'
      : 'APP_SECRET is not in it. Keep a copy of it (or of DATA_DIR/app-secret) somewhere else.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
} catch (error) {
  const sentence = problemSentence(error);
  if (!sentence) throw error;
  fail(`No backup was made: ${sentence}`);
}
