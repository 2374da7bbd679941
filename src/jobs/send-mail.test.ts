import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { outbox } from '#db/schema/mail.ts';
import { useDatabase } from '../../tests/database.ts';
import { enqueueMail } from '../domains/mail/enqueue.ts';
import { env } from '../platform/env.ts';
import { newId } from '../platform/ids.ts';
import { startMailDelivery } from './send-mail.ts';

test('what is queued while the server runs arrives, and nothing is begun once it stops', async () => {
  const db = await useDatabase();
  const delivery = startMailDelivery(db);
  const to = `${newId('x', new Date())}@example.test`;
  const enqueue = (dedupeKey: string) =>
    db.write((tx) =>
      enqueueMail(tx, new Date(), {
        kind: 'welcome',
        dedupeKey,
        to,
        content: { subject: 'Welcome', preview: '', blocks: [{ paragraph: 'Hello' }] },
      }),
    );
  await enqueue('one');
  await expect.poll(() => db.read.$count(outbox, eq(outbox.state, 'sent')), { timeout: 5000 }).toBe(1);
  const [row] = await db.read.select({ file: outbox.providerId }).from(outbox);
  const folder = path.join(env.dataDir, 'outbox');
  expect(await readdir(folder)).toContain(row!.file);
  expect(JSON.parse(await readFile(path.join(folder, row!.file!), 'utf8'))).toMatchObject({
    to,
    subject: 'Welcome',
  });
  await delivery.stop();
  await enqueue('two');
  expect(await db.read.$count(outbox, eq(outbox.state, 'waiting'))).toBe(1);
});
