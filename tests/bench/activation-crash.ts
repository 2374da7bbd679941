import { activateThroughCrashes } from '../crash.ts';
import { type Bench, type Measure, progress } from './measure.ts';
import { emptyFolder } from './portal.ts';

/** What is lost, and what arrives twice, when the server is killed again and again while 1,000 people activate. */
export async function measureActivationCrash({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const people = Math.min(1000, runs(500) * 2);
  progress(`Activation: ${people} people, and a server that is killed…`);
  const report = await activateThroughCrashes({
    dist,
    folder: await emptyFolder('activation-crash'),
    people,
    atOnce: 40,
    kills: 50,
    livesMs: [1500, 5000],
    faults: { failing: 0.03, losingAnswer: 0.03, slowestMs: 200 },
    isPatient: true,
    say: progress,
  });
  const none = (name: string, problems: string[]): Measure => ({
    name: `activation through crashes: ${name}`,
    unit: '',
    values: [problems.length],
    target: { atMost: 0 },
    ...(problems[0] && { note: problems.slice(0, 3).join('; ') }),
  });
  const { acknowledged, unanswered, kills, mails, calls } = report;
  return [
    {
      name: 'activation through crashes: activated',
      unit: '',
      values: [acknowledged + unanswered],
      target: { atLeast: people },
      note: `${unanswered} had no answer; ${kills} kills, ${mails} mails in ${calls} calls`,
    },
    none('acknowledged and lost', report.lostActivations),
    none('damage to the database', report.damage),
    none('mails that did not arrive', report.undelivered),
    none('mails delivered twice, or tried with another key', report.deliveredTwice),
    { name: 'activation through crashes: in all', unit: 's', values: [report.seconds] },
  ];
}
