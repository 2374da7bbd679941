import { createInterface } from 'node:readline';

/**
 * The supervisor’s workers alone, for tests: `node tests/supervise.ts <release> <count>`. A line `move <release>` on stdin moves
 * them, and is answered with a line of JSON; SIGTERM lets them finish.
 */
const { startWorkers } = await import('../src/server/workers.ts');
const [release = '', count = '1'] = process.argv.slice(2);
const workers = startWorkers({ release, count: Number(count) });
const started = await workers.started;
if ('problem' in started) {
  console.error(started.problem);
  process.exit(1);
}
process.stdout.write(`ready ${started.url}\n`);
createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, folder = ''] = line.split(' ');
  if (word === 'move')
    void workers.move(folder).then((moved) => process.stdout.write(`${JSON.stringify(moved)}\n`));
});
process.once('SIGTERM', () => void workers.stop().then(() => process.exit()));
