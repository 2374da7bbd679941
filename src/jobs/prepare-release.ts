import { setTimeout as sleep } from 'node:timers/promises';
import { openContentRepository } from '../domains/content/open-repository.ts';
import { machineTrouble } from '../domains/publishing/make-release.ts';
import { openPublisher } from '../domains/publishing/publisher.ts';
import { holdPublisherLock } from '../domains/publishing/publisher-lock.ts';
import { currentRelease, publishingPaths } from '../domains/publishing/release-folders.ts';
import { log } from '../platform/log.ts';
import { publisherSettings } from './publish.ts';

/**
 * Before the site is served: finishes or discards what a crash left, opens the history of the content, and makes the first
 * release, or the one that a new version of the code needs where that is quick. Prints `{"release":"<folder>"}`, which is
 * what to serve, or `{"problem":"<sentence>"}` when there is nothing to serve.
 */
const settings = publisherSettings();

process.stdout.write(`${JSON.stringify(await prepared())}\n`, () => process.exit());

async function prepared(): Promise<{ release: string } | { problem: string }> {
  let problem: string | undefined;
  try {
    problem = await prepare();
  } catch (error) {
    log.error({ err: error }, 'release.not-prepared');
    problem = machineTrouble(error);
  }
  const current = await currentRelease(settings.dataDir);
  if (current) return { release: publishingPaths(settings.dataDir).release(current) };
  process.exitCode = 1;
  return { problem: problem ?? 'There is no release to serve.' };
}

/** What went wrong, as a sentence; undefined when nothing did. */
async function prepare(): Promise<string | undefined> {
  const lock = await patientLock();
  if (!lock) return 'Another process publishes from this data directory.';
  try {
    const trouble = await openContentRepository(
      settings.contentDir,
      settings.shippedContentDir,
      settings.now(),
    ).then(
      () => undefined,
      (error: unknown) => {
        log.error({ err: error }, 'content.not-opened'); // what is there is served without it
        return machineTrouble(error);
      },
    );
    const publisher = await openPublisher({
      ...settings,
      sync: () => Promise.reject(new Error('The database hears of it when the site is served.')),
      move: () => Promise.resolve({ moved: true }), // nothing is served yet
    });
    const { state } = publisher;
    const wanted = await publisher.target();
    const isNewCode = state.live?.codeBuild !== wanted.codeBuild;
    const isHeld = state.held?.commit === wanted.head && state.held.codeBuild === wanted.codeBuild;
    const isQuick = isNewCode && !isHeld && (await publisher.isQuick(wanted));
    if (state.live && !isQuick) return trouble;
    const outcome = await publisher.publish(wanted, {
      cause: state.live ? 'code' : 'first',
      signal: new AbortController().signal,
      isStillWanted: () => Promise.resolve(true),
    });
    await publisher.progress.settled();
    publisher.end();
    return outcome === 'failed' ? publisher.failureOf(wanted)?.error : trouble;
  } finally {
    lock.release();
  }
}

/** The publisher’s lock, once a process that is about to end has let it go. */
async function patientLock() {
  for (let turn = 0; ; turn += 1) {
    const lock = await holdPublisherLock(settings.dataDir);
    if (lock || turn >= 100) return lock;
    await sleep(100);
  }
}
