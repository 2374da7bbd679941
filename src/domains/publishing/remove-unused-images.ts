import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

const textFile = /\.(?:html|css|js|xml|json)$/;
const imageFile = /\.(?:png|jpe?g|webp|avif|gif)$/;

/**
 * Removes from a built site the images that none of its files names, and returns their names. Astro leaves the
 * originals there, which nobody is meant to see: with the place where a photo was taken, or from a text that only
 * members read.
 */
export async function removeUnusedImages(siteDir: string): Promise<string[]> {
  const assets = path.join(siteDir, '_astro');
  const unused = new Set((await readdir(assets)).filter((file) => imageFile.test(file)));
  for (const file of await readdir(siteDir, { recursive: true })) {
    if (unused.size === 0) return [];
    if (!textFile.test(file) || file.startsWith('pagefind')) continue;
    const bytes = await readFile(path.join(siteDir, file)); // searched as bytes: thousands of pages are no text to decode
    for (const name of unused) if (bytes.includes(name)) unused.delete(name);
  }
  await Promise.all([...unused].map((file) => rm(path.join(assets, file))));
  return [...unused];
}
