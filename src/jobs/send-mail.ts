import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '#db/client.ts';
import { deliverDueMails } from '../domains/mail/deliver.ts';
import { configuredMailer } from '../domains/mail/transports.ts';
import { log } from '../platform/log.ts';

const lanes = 4;
const pauseMs = 1000;

/**
 * Sends what is queued from now on, looking every second. Four lanes run beside each other, so a mail that is slow keeps
 * three free. `stop` begins no further mail and resolves once those under way are recorded.
 */
export function startMailDelivery(db: Db): { stop(): Promise<void> } {
  const mailer = configuredMailer();
  const stopping = new AbortController();
  const { signal } = stopping;

  async function runLane() {
    while (!signal.aborted) {
      try {
        await deliverDueMails({ db, now: () => new Date() }, mailer, { lanes: 1, signal });
      } catch (error) {
        log.error({ err: error }, 'mail.delivery_failed');
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {}); // woken by `stop`
    }
  }

  const running = Promise.all(Array.from({ length: lanes }, runLane));
  async function stop() {
    stopping.abort();
    await running;
    mailer.close?.();
  }
  return { stop };
}
