import type { Db } from '#db/client.ts';
import { log } from '../platform/log.ts';
import { purgeExpired } from './purge-expired.ts';
import { startMailDelivery } from './send-mail.ts';
import { startSessionReminders } from './session-reminders.ts';

export type RunningJobs = { stop(): Promise<void> };

const everyHour = 3_600_000;

/**
 * Starts what happens by itself: mails leave, people are reminded of live sessions, what is over is forgotten. One process
 * runs it. `stop` resolves once what is under way is finished.
 */
export function startJobs(db: Db): RunningJobs {
  const mail = startMailDelivery(db);
  const reminders = startSessionReminders(db);
  let underWay = Promise.resolve();
  const purge = () => {
    underWay = purgeExpired(db, new Date()).catch((error: unknown) =>
      log.error({ err: error }, 'job.failed'),
    );
  };
  const timer = setInterval(purge, everyHour);
  purge();
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all([mail.stop(), reminders.stop(), underWay]);
    },
  };
}
