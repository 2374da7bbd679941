import { spawn } from 'node:child_process';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { exitCodes } from './image-exit-codes.ts';
import { log } from './log.ts';

export type ImageRefusal = keyof typeof exitCodes | 'too-slow';

/**
 * Lets `worker`, a script in the code tree that calls `drawUpload`, draw an uploaded image, for `longestMs` at most. It is given
 * nothing of ours, not even the environment.
 */
export async function drawApart(
  worker: string,
  bytes: Uint8Array,
  longestMs: number,
): Promise<{ image: Buffer } | { refused: ImageRefusal }> {
  // Every process of ours is started in the code tree; a release may stand anywhere.
  const child = spawn(process.execPath, [path.resolve(worker)], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  child.stdin.on('error', () => {}); // it may refuse before it has read everything
  child.stdin.end(bytes);
  const [image, end] = await Promise.all([buffer(child.stdout), ended]);
  if (end === 0 && image.length > 0) return { image };
  if (end === exitCodes.unreadable) return { refused: 'unreadable' };
  if (end === exitCodes['too-many-pixels']) return { refused: 'too-many-pixels' };
  log.warn({ worker, end }, 'image.worker-ended');
  return { refused: end === 'SIGKILL' ? 'too-slow' : 'unreadable' };
}
