import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { commitSave } from '../src/domains/content/saves.ts';
import type { LiveState, Progress } from '../src/domains/publishing/model.ts';
import { publishingProgress } from '../src/domains/publishing/progress.ts';
import type { PublisherOptions } from '../src/domains/publishing/publisher.ts';
import { liveState } from '../src/domains/publishing/releases.ts';

/** A site small enough to be published in a second: its folders, and what a publisher of it is told. */
export type SmallSite = {
  dataDir: string;
  contentDir: string;
  settings: Omit<PublisherOptions, 'sync' | 'move'>;
  /** Saves a text as `about.mdoc`, or under another name; the commit. */
  save(text: string, name?: string): Promise<string>;
  /** Makes the built site one of other code. */
  newCode(id: string): Promise<void>;
  /** Resolves with the state once it is so; rejects after 20 seconds with what it was. */
  until(isSo: (state: LiveState, progress: Progress | undefined) => boolean): Promise<LiveState>;
};

export async function useSmallSite(): Promise<SmallSite> {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-publishing-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return smallSite(folder);
}

/** The small site in a folder, which is made where it is not there. */
export async function smallSite(folder: string): Promise<SmallSite> {
  const [dataDir, contentDir, shippedContentDir, codeDir] = ['data', 'data/content', 'shipped', 'dist'].map(
    (name) => path.join(folder, name),
  ) as [string, string, string, string];
  const script = (name: string) => path.resolve('tests/fixtures/publishing', name);
  await mkdir(dataDir, { recursive: true });
  await mkdir(shippedContentDir, { recursive: true });
  await writeFile(path.join(shippedContentDir, 'about.mdoc'), 'shipped');
  const newCode = async (id: string) => {
    await mkdir(path.join(codeDir, 'code/renderer'), { recursive: true });
    await writeFile(path.join(codeDir, 'code/renderer/code.json'), JSON.stringify({ id }));
  };
  await newCode('code-1');
  return {
    dataDir,
    contentDir,
    settings: {
      dataDir,
      contentDir,
      shippedContentDir,
      codeDir,
      appDir: path.resolve('.'),
      siteUrl: 'https://peers.example.test',
      scripts: {
        build: script('build.ts'),
        trial: script('try.ts'),
        buildMemoryMb: 64,
        buildLongestMs: 4000,
      },
      now: () => new Date(),
    },
    async save(text, name = 'about.mdoc') {
      const saved = await commitSave(contentDir, {
        author: { name: 'Noor Lindqvist', email: 'noor@example.test' },
        now: new Date(),
        message: `Change ${name}`,
        additions: [{ path: name, bytes: Buffer.from(text) }],
        deletions: [],
      });
      if ('conflict' in saved) throw new Error('The save was refused.');
      return saved.commit;
    },
    newCode,
    async until(isSo) {
      for (let turn = 0; turn < 800; turn += 1) {
        const [state, progress] = await Promise.all([liveState(dataDir), publishingProgress(dataDir)]);
        if (isSo(state, progress)) return state;
        await sleep(25);
      }
      const found = { state: await liveState(dataDir), progress: await publishingProgress(dataDir) };
      throw new Error(`It was not so after 20 seconds: ${JSON.stringify(found, null, 1)}`);
    },
  };
}
