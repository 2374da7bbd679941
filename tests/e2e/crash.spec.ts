import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, inject, test } from 'vitest';
import { activateThroughCrashes } from '../crash.ts';

test('a server that is killed while people activate loses nobody who was told that they are in, and mails each of them once', {
  timeout: 240_000,
}, async () => {
  const folder = path.resolve('.data/test/crash');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const report = await activateThroughCrashes({
    dist: inject('siteDir'),
    folder,
    people: 60,
    atOnce: 20,
    kills: 3,
    livesMs: [1000, 2500],
    faults: { failing: 0.05, losingAnswer: 0.05, slowestMs: 100 },
    isPatient: false,
  });
  expect(report).toMatchObject({ lostActivations: [], damage: [], undelivered: [], deliveredTwice: [] });
  expect(report.acknowledged + report.unanswered).toBe(60);
  expect(report.kills).toBeGreaterThanOrEqual(2);
  expect(report.mails).toBeGreaterThanOrEqual(120); // a link and a handbook each
  await rm(folder, { recursive: true });
});
