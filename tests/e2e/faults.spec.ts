import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, inject, test } from 'vitest';
import { liveThroughKills } from '../faults.ts';

test('processes that are killed while people write, an editor publishes and visitors read cost nobody anything but a moment', {
  timeout: 300_000,
}, async () => {
  const home = path.resolve('.data/test/faults');
  const report = await liveThroughKills({
    home,
    builtDir: inject('siteDir'),
    kills: 6,
    seed: 4,
    pauseMs: [200, 1500],
    savesMs: [500, 3000],
    releaseEvery: 3,
    faults: { failing: 0, losingAnswer: 0.05, slowestMs: 100 },
    isPatient: false,
  });
  expect(report).toMatchObject({
    ...{ wrongAnswers: [], failedReads: [], lostWrites: [], damage: [], contentDamage: [] },
    ...{ leftovers: [], orphans: [], undelivered: [], deliveredTwice: [] },
  });
  for (const times of Object.values(report.killed)) expect(times).toBeGreaterThanOrEqual(1);
  expect(report.writes.saves).toBeGreaterThanOrEqual(1);
  expect(report.writes.answers).toBeGreaterThanOrEqual(5);
  await rm(home, { recursive: true });
});
