import path from 'node:path';
import { parseArgs } from 'node:util';

/**
 * `npm run restore -- <backup> <directory> [--erasures <file>]`: makes a fresh DATA_DIR of a backup, and says what to do next.
 * Without `--erasures` the list of erasures of the DATA_DIR that is set counts, where there is one. Ends with 1 and a sentence
 * when nothing was restored.
 */
function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

function choices() {
  try {
    return parseArgs({ allowPositionals: true, options: { erasures: { type: 'string' } } });
  } catch {
    return undefined;
  }
}

const chosen = choices();
const [backup, directory, ...more] = chosen?.positionals ?? [];
if (!chosen || !backup || !directory || more.length > 0)
  fail('Usage: npm run restore -- <backup> <directory> [--erasures <file>]');

process.env['NODE_ENV'] = 'production';
const { env } = await import('../platform/env.ts');
const { ledgerFileOf } = await import('../domains/accounts/erasure-ledger.ts');
const { BackupProblem, isThere, problemSentence } = await import('./backup-files.ts');
const { restoreBackup } = await import('./restore-backup.ts');

try {
  const ledger = chosen.values.erasures && path.resolve(chosen.values.erasures);
  if (ledger && !(await isThere(ledger))) throw new BackupProblem(`${ledger} is not there.`);
  const target = path.resolve(directory);
  const restored = await restoreBackup({
    backup: path.resolve(backup),
    directory: target,
    ledgers: [ledger || ledgerFileOf(env.dataDir)],
    now: new Date(),
  });
  const { manifest, erased, erasedLater, migrated, warnings } = restored;
  const lines = [
    `restored ${target}`,
    `As of ${manifest.startedAt}: ${manifest.database.rows['users'] ?? 0} people, ${manifest.files.length} files; the audit log has ${manifest.audit.count} entries and fits together.`,
    `${erased} erased again, ${erasedLater} to be erased when their time comes.`,
    ...(migrated.length > 0 ? [`The database was brought up to this version: ${migrated.join(', ')}.`] : []),
    ...warnings.map((sentence) => `NOTE: ${sentence}`),
    '',
    'Next:',
    `  1. Set DATA_DIR=${target}; leave CONTENT_DIR and DATABASE_URL unset, or lead them there.`,
    '  2. Set the APP_SECRET (and ASTRO_KEY, if it was set) that the site had.',
    '  3. npm start, then look at /readyz and /staff/audit. The first start builds the site from the restored content.',
    '  4. Mails that waited when the backup was made go out now. If they went out since, delete them in /staff/outbox first, or start without a way to send mail.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
} catch (error) {
  const sentence = problemSentence(error);
  if (!sentence) throw error;
  fail(`Nothing was restored: ${sentence}`);
}
