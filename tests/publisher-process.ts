import { setTimeout as sleep } from 'node:timers/promises';
import { startPublisher } from '../src/jobs/publish.ts';
import { smallSite } from './publishing.ts';

/** Publishes the small site in a folder, slowly, until it is killed: `node tests/publisher-process.ts <folder>`. */
const { settings } = await smallSite(process.argv[2] ?? '');
startPublisher({
  ...settings,
  db: () => undefined,
  move: async () => {
    await sleep(200);
    return { moved: true };
  },
});
process.stdin.resume().once('end', () => process.exit(1));
process.stdout.write('ready\n');
