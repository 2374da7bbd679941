import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * A text that is the same for two folders of content exactly when their files are: names and bytes. What begins with a dot
 * does not count. Throws the system’s error when a file cannot be read.
 */
export async function contentFingerprint(contentDir: string): Promise<string> {
  const entries = await readdir(contentDir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(contentDir, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    )
    .filter((file) => !/(?:^|\/)\./.test(file))
    .sort();
  const sums = await Promise.all(
    files.map(async (file) => sha256(await readFile(path.join(contentDir, file)))),
  );
  return sha256(JSON.stringify(files.map((file, place) => [file, sums[place]])));
}

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
