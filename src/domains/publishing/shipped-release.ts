import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { contentFingerprint } from '../content/fingerprint.ts';
import { readCodeBuild } from './code-build.ts';
import { filesBelow } from './release-files.ts';

/**
 * Id of the code that the built site in `siteDir` has, which is another one where the site has another address, since that
 * stands on every page; undefined where there is none, or not a whole one.
 */
export async function builtCode(siteDir: string, siteUrl: string): Promise<string | undefined> {
  try {
    const { id } = await readCodeBuild(path.join(siteDir, 'code'));
    const address = createHash('sha256').update(siteUrl).digest('hex').slice(0, 6);
    return typeof id === 'string' && id !== '' ? `${id}-${address}` : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the built site already shows the content of this fingerprint, at this address. */
export async function isRendered(siteDir: string, fingerprint: string, siteUrl: string): Promise<boolean> {
  const robots = await readFile(path.join(siteDir, 'client', 'robots.txt'), 'utf8').catch(() => '');
  if (!robots.includes(`Sitemap: ${siteUrl}/`)) return false;
  const there = await contentFingerprint(path.join(siteDir, 'content')).catch(() => undefined);
  return there === fingerprint;
}

/**
 * Makes `folder` what the built site shows: a release of its code with the content it was rendered with. Its files are the same
 * on disk where the file system lets them be: a later build of the site removes them and never writes into them.
 */
export async function copyShippedRelease(siteDir: string, folder: string): Promise<void> {
  const files = (await filesBelow(siteDir)).filter((file) => !/^(?:\.|code\/|code-build\.json$)/.test(file));
  const folders = new Set(files.map((file) => path.dirname(file)));
  for (const each of folders) await mkdir(path.join(folder, each), { recursive: true });
  let next = 0;
  const lane = async () => {
    for (let file = files[next++]; file !== undefined; file = files[next++])
      await linkOrCopy(path.join(siteDir, file), path.join(folder, file));
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

async function linkOrCopy(from: string, to: string) {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to); // another file system, or files of another user
  }
}
