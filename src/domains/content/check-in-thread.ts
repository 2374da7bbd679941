import { Worker } from 'node:worker_threads';
import type { ContentProblem } from './check-content.ts';

const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.program)
    .then(({ checkContent }) => checkContent(workerData.contentDir))
    .then((problems) => parentPort.postMessage(problems));
`;

/** What `checkContent` finds, looked for in a thread of its own with the program of a code build. Throws what it throws. */
export function checkInThread(programUrl: string, contentDir: string): Promise<ContentProblem[]> {
  const thread = new Worker(program, { eval: true, workerData: { program: programUrl, contentDir } });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`The content check ended with ${code}.`)));
  });
}
