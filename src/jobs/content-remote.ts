import { setTimeout as sleep } from 'node:timers/promises';
import {
  isPushDue,
  pauseAfterMs,
  pullFromRemote,
  pushToRemote,
  takePullRequest,
} from '../domains/content/remote.ts';
import { isContentRepository } from '../domains/content/repository.ts';
import { log } from '../platform/log.ts';

const eachMs = 1_000;

/**
 * Pushes the content to its remote after each save, and pulls when a webhook asked for it, one at a time; what fails is tried
 * again after a pause that doubles. Saves never wait for it. `stop` lets what is under way finish.
 */
export function startContentRemote(options: { contentDir: string; remote: string }): {
  stop(): Promise<void>;
} {
  const over = new AbortController();
  const pulling: Pulling = { failures: 0, againAt: Number.POSITIVE_INFINITY };
  const turning = (async () => {
    while (!over.signal.aborted) {
      await turn(options, pulling).catch((error: unknown) =>
        log.error({ err: error }, 'content.remote-turn-failed'),
      );
      await sleep(eachMs, undefined, { signal: over.signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      over.abort();
      await turning;
    },
  };
}

/** Pulls that failed one after the other, and when the next is tried by itself, by a clock that does not jump. */
type Pulling = { failures: number; againAt: number };

async function turn({ contentDir, remote }: { contentDir: string; remote: string }, pulling: Pulling) {
  if (!(await isContentRepository(contentDir))) return;
  if ((await takePullRequest(contentDir)) || performance.now() >= pulling.againAt) {
    const pulled = await pullFromRemote(contentDir, remote, new Date());
    pulling.failures = 'failed' in pulled ? pulling.failures + 1 : 0;
    pulling.againAt =
      pulling.failures === 0 ? Number.POSITIVE_INFINITY : performance.now() + pauseAfterMs(pulling.failures);
  }
  if (await isPushDue(contentDir, new Date())) await pushToRemote(contentDir, remote, new Date());
}
