import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '#db/client.ts';
import { remind } from '../domains/live-sessions/reminders.ts';
import { log } from '../platform/log.ts';

const pauseMs = 60_000;

/**
 * Reminds of live sessions from now on, looking each minute. `stop` begins no further write and resolves once the one under way
 * is kept; the next process does what is left.
 */
export function startSessionReminders(db: Db): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run() {
    while (!signal.aborted) {
      try {
        const { invitation, reminder } = await remind({ db, now: new Date() }, signal);
        if (invitation + reminder > 0) log.info({ invitation, reminder }, 'live-sessions.reminded');
      } catch (error) {
        log.error({ err: error }, 'live-sessions.reminding_failed');
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {}); // woken by `stop`
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
