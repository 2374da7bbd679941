import type { Progress } from './model.ts';
import { publishingPaths, readJson } from './release-folders.ts';

/** What the publisher does now; undefined before it first ran. `isRunning` is false when its process is gone. */
export async function publishingProgress(
  dataDir: string,
): Promise<(Progress & { isRunning: boolean }) | undefined> {
  const progress = await readJson<Progress>(publishingPaths(dataDir).progress);
  return progress?.format === 1 ? { ...progress, isRunning: isAlive(progress.pid) } : undefined;
}

/** Whether a process of this number runs on this machine. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
