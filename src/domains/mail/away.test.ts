import { eq } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { openDb } from '#db/client.ts';
import { outbox } from '#db/schema/mail.ts';
import { databaseTrouble } from '#db/unavailable.ts';
import { useDatabase } from '../../../tests/database.ts';
import { startHranaServer } from '../../../tests/hrana-server.ts';
import { deliverDueMails } from './deliver.ts';
import { enqueueMail } from './enqueue.ts';
import type { Mailer } from './transports.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 9, 30) + seconds * 1000);

test('mails that are on their way while the remote database goes away all arrive, each under one key', async () => {
  const { file } = await useDatabase();
  const server = await startHranaServer(file);
  onTestFinished(() => server.stop());
  const db = await openDb(server.url);
  onTestFinished(() => db.close());
  for (let turn = 1; turn <= 12; turn += 1)
    await db.write((tx) =>
      enqueueMail(tx, at(0), {
        kind: 'welcome',
        dedupeKey: `welcome:${turn}`,
        to: `person-${turn}@example.test`,
        content: { subject: 'Welcome', preview: '', blocks: [{ paragraph: 'Hello' }] },
      }),
    );
  const keysOf = new Map<string, Set<string>>();
  let handed = 0;
  const mailer: Mailer = {
    name: 'resend',
    async send({ to }, key) {
      keysOf.set(to, (keysOf.get(to) ?? new Set()).add(key));
      handed += 1;
      if (handed === 5) await server.stop(); // after the provider took it, before we could write that down
      return { providerId: `p-${handed}` };
    },
  };
  const cutOff = await deliverDueMails({ db, now: () => at(1) }, mailer).catch((error: unknown) => error);
  expect(databaseTrouble(cutOff)).toBe('away');
  await expect(deliverDueMails({ db, now: () => at(2) }, mailer)).rejects.toThrow();
  await server.start();
  await expect
    .poll(
      () =>
        deliverDueMails({ db, now: () => at(200) }, mailer).then(
          () => 'delivered',
          () => 'away',
        ),
      {
        timeout: 20_000,
      },
    )
    .toBe('delivered');
  expect(await db.read.$count(outbox, eq(outbox.state, 'sent'))).toBe(12);
  expect(keysOf.size).toBe(12);
  expect([...keysOf.values()].every((keys) => keys.size === 1)).toBe(true);
}, 60_000);
