import path from 'node:path';
import { liveThroughKills } from '../faults.ts';
import { type Bench, type Measure, progress, quantile } from './measure.ts';

/**
 * What is lost, torn or left behind when the supervisor, a worker, a build and the job runner are killed 200 times while people
 * write, an editor publishes and visitors read. `FAULTS_SEED` repeats a run.
 */
export async function measureFaults({ build, runs }: Bench): Promise<Measure[]> {
  const builtDir = await build();
  const seed = Number(process.env['FAULTS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const kills = runs(200);
  progress(`Faults: ${kills} kills with FAULTS_SEED=${seed}…`);
  const report = await liveThroughKills({
    home: path.resolve('.data/bench/faults'),
    builtDir,
    kills,
    seed,
    pauseMs: [200, 5000],
    savesMs: [500, 6000],
    releaseEvery: 4,
    faults: { failing: 0.02, losingAnswer: 0.02, slowestMs: 200 },
    isPatient: true,
    say: progress,
  });
  const none = (name: string, problems: string[]): Measure => ({
    name: `faults: ${name}`,
    unit: '',
    values: [problems.length],
    target: { atMost: 0 },
    ...(problems[0] && { note: problems.slice(0, 3).join('; ') }),
  });
  const { killed, writes, releases, reads, cutOff, mails, awayMs } = report;
  const each = Object.entries(killed).map(([victim, times]) => `${victim} ${times}`);
  return [
    {
      name: 'faults: kills',
      unit: '',
      values: [Object.values(killed).reduce((sum, times) => sum + times)],
      target: { atLeast: kills },
      note: `${each.join(', ')}; seed ${seed}; ${Math.round(report.seconds)} s; ${releases} releases, ${mails} mails, ${reads} reads (${cutOff} cut off)`,
    },
    none('answers that were not those of one whole release', report.wrongAnswers),
    none('reads that failed though nobody who answers was killed', report.failedReads),
    {
      name: 'faults: acknowledged writes',
      unit: '',
      values: [writes.signIns + writes.answers + writes.profiles + writes.saves],
      note: `${writes.signIns} sign-ins, ${writes.answers} answers, ${writes.profiles} profiles, ${writes.saves} saves; ${writes.unanswered} asked again`,
    },
    none('acknowledged and lost', report.lostWrites),
    none('damage to the database', report.damage),
    none('damage to the content, and saves that are lost', report.contentDamage),
    none('folders and files left half', report.leftovers),
    none('processes left behind', report.orphans),
    none('mails that did not arrive', report.undelivered),
    none('mails with a second idempotency key', report.deliveredTwice),
    ...(awayMs.length > 0
      ? [
          {
            name: 'faults: from the kill of the supervisor to the next answer',
            unit: 'ms',
            values: awayMs,
            note: `p95 ${quantile(awayMs, 0.95)}`,
          },
        ]
      : []),
  ];
}
