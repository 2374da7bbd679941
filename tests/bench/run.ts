import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowser } from '../find-browser.ts';
import { type RunningServer, runNode } from '../site.ts';
import { measureActivationCrash } from './activation-crash.ts';
import { measureAttendance } from './attendance.ts';
import { measureBackup } from './backup.ts';
import { measureBuild } from './build.ts';
import { measureEnumeration } from './enumeration.ts';
import { measureFaults } from './faults.ts';
import { measureHostile } from './hostile.ts';
import { measureLighthouse } from './lighthouse.ts';
import { measureLiveSessions } from './live-sessions.ts';
import { type Measure, progress, type Subject, table } from './measure.ts';
import { emptyFolder, servePortal } from './portal.ts';
import { measurePublishing } from './publishing.ts';
import { measurePublishingBuild } from './publishing-build.ts';
import { measureRsvpStorm } from './rsvp-storm-http.ts';
import { measureSamDashboard } from './sam-dashboard.ts';
import { measureSearch } from './search.ts';
import { measureServing } from './serving.ts';
import { measureSignInLoad } from './sign-in-load.ts';
import { measureViewer } from './viewer.ts';
import { measureWeight } from './weight.ts';

/**
 * `npm run bench`: measures what the site promises, and prints a table with the targets. Names after `--` choose
 * subjects; `--runs <n>` repeats at most so often, for a quick look; `--site <folder>` takes a build that is there already.
 * Ends with 1 when a subject could not be measured; a missed target is a line in the table, since it can be the
 * machine’s fault.
 */
const subjects: Record<string, Subject> = {
  build: measureBuild,
  publishing: measurePublishing,
  'publishing-build': measurePublishingBuild,
  weight: measureWeight,
  search: measureSearch,
  lighthouse: measureLighthouse,
  viewer: measureViewer,
  'sign-in-load': measureSignInLoad,
  enumeration: measureEnumeration,
  'activation-crash': measureActivationCrash,
  'live-sessions': measureLiveSessions,
  'rsvp-storm': measureRsvpStorm,
  attendance: measureAttendance,
  'sam-dashboard': measureSamDashboard,
  serving: measureServing,
  hostile: measureHostile,
  backup: measureBackup,
  faults: measureFaults,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '999' }, site: { type: 'string' } },
});
const unknown = positionals.filter((name) => !(name in subjects));
const most = Number(values.runs);
if (unknown.length > 0 || !Number.isInteger(most) || most < 1) {
  console.error(
    `Usage: npm run bench -- [--runs <n>] [--site <folder>] [${Object.keys(subjects).join(' | ')}]`,
  );
  process.exit(1);
}
const chosen = positionals.length > 0 ? positionals : Object.keys(subjects);

const browser = ensureBrowser();
let server: RunningServer | undefined;

let built = values.site && path.resolve(values.site);

async function build(): Promise<string> {
  if (!built) {
    const dir = path.resolve('.data/bench/site');
    progress('Building the site…');
    await runNode(['src/jobs/build-site.ts', '--out', dir, '--cache', '.data/bench/cache']);
    built = dir;
  }
  return built;
}

async function site() {
  const dir = await build();
  server ??= await servePortal(dir, await emptyFolder('portal'));
  return { url: server.url, dir };
}

const measures: Measure[] = [];
try {
  for (const name of chosen)
    measures.push(
      ...(await subjects[name]!({ site, build, browser, runs: (times) => Math.min(times, most) })),
    );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await server?.stop();
}
const version = execFileSync(browser, ['--version', '--no-sandbox'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
}).trim();
const memory = Math.round(os.totalmem() / 2 ** 30);
process.stdout.write(
  `\nOn ${os.cpus()[0]?.model.trim()}, ${os.availableParallelism()} cores, ${memory} GB; ` +
    `Node ${process.versions.node}; ${version}; load ${os.loadavg()[0]?.toFixed(1)} at the end\n\n${table(measures)}\n`,
);
