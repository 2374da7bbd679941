import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openContentRepository } from '../src/domains/content/open-repository.ts';
import { headOf, treeAt } from '../src/domains/content/repository.ts';
import { commitSave } from '../src/domains/content/saves.ts';

export type SaveCrashReport = {
  kills: number;
  acknowledged: number;
  /** Each of these has to be empty. Sentences. */
  lost: string[];
  torn: string[];
  damage: string[];
};

const author = { name: 'Ines Fairweather', email: 'ines@example.test' };
const files = ['images/year/index.yaml', 'images/year/year.png', 'people/mei.yaml'];
const textOf = (number: number) => `number: ${number}\n${'x'.repeat(2_000)}\n`;

/**
 * Lets processes save without a pause and kills them at any moment, with what they have under way, `kills` times. Then the next
 * save must go through, with every save that was acknowledged in the history, all files of a save or none, and the folder as
 * `main` has it. `contentDir` is made.
 */
export async function saveThroughKills(contentDir: string, kills: number): Promise<SaveCrashReport> {
  const shipped = path.join(contentDir, '..', 'shipped');
  const report: SaveCrashReport = { kills, acknowledged: 0, lost: [], torn: [], damage: [] };
  let number = 0;
  const said: [number, string][] = [];
  await openContentRepository(contentDir, shipped, new Date());
  for (let kill = 0; kill < kills; kill += 1) {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), contentDir, String(number + 1)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve)); // it is at work
    await sleep(Math.random() * 250);
    child.kill('SIGKILL');
    await ended;
    const acknowledged = [...output.matchAll(/^saved (\d+) (\w{40})$/gm)].map(
      ([, number, commit]): [number, string] => [Number(number), commit!],
    );
    said.push(...acknowledged);
    number = (acknowledged.at(-1)?.[0] ?? number) + 2; // one more may have been made, whose answer nobody heard
    await saveNumber(contentDir, number);
    await look(contentDir, number, report);
  }
  report.acknowledged = said.length;
  const history = new Set(git(contentDir, 'rev-list', 'main').split('\n'));
  report.lost = said
    .filter(([, commit]) => !history.has(commit))
    .map(([number]) => `Save ${number} is not there.`);
  for (const commit of history) {
    const versions = new Set((await treeAt(contentDir, commit)).map(({ sha }) => sha)); // the files of one save are the same
    if (versions.size !== 1) report.torn.push(`Commit ${commit} holds a part of a save.`);
  }
  report.damage.push(...git(contentDir, 'fsck', '--full', '--no-dangling').split('\n').filter(Boolean));
  return report;
}

async function look(contentDir: string, number: number, report: SaveCrashReport) {
  for (const file of files)
    if ((await readFile(path.join(contentDir, file), 'utf8')) !== textOf(number))
      report.torn.push(`${file} is not that of save ${number}.`);
  const status = git(contentDir, 'status', '--porcelain');
  if (status) report.damage.push(`The folder is not as main has it: ${status}`);
}

const git = (contentDir: string, ...args: string[]) =>
  execFileSync('git', ['-C', contentDir, ...args], { encoding: 'utf8' }).trim();

async function saveNumber(contentDir: string, number: number): Promise<string> {
  const saved = await commitSave(contentDir, {
    author,
    now: new Date(),
    message: `Save ${number}`,
    additions: files.map((path) => ({ path, bytes: Buffer.from(textOf(number)) })),
    deletions: [],
    base: await headOf(contentDir),
  });
  if ('conflict' in saved) throw new Error(`Save ${number} was refused.`);
  return saved.commit;
}

/** The shipped content that the kills begin with, in a folder beside `contentDir`. */
export async function shipForKills(home: string): Promise<string> {
  for (const file of files) {
    await mkdir(path.dirname(path.join(home, 'shipped', file)), { recursive: true });
    await writeFile(path.join(home, 'shipped', file), textOf(0));
  }
  return path.join(home, 'content');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , contentDir = '', first = '1'] = process.argv;
  for (let number = Number(first); ; number += 1) {
    const commit = await saveNumber(contentDir, number);
    process.stdout.write(`saved ${number} ${commit}\n`);
  }
}
