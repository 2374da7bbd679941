import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { removeUnusedImages } from './remove-unused-images.ts';

test('an image that no page names is removed from the built site, and every other file stays', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'images-'));
  await mkdir(path.join(dir, '_astro'));
  await mkdir(path.join(dir, 'about'));
  for (const file of ['photo.abc.jpg', 'photo.abc_1x.webp', 'drawn.def.png', 'site.css'])
    await writeFile(
      path.join(dir, '_astro', file),
      file === 'site.css' ? 'a{background:url(/_astro/drawn.def.png)}' : 'x',
    );
  await writeFile(path.join(dir, 'about/index.html'), '<img src="/_astro/photo.abc_1x.webp">');
  expect(await removeUnusedImages(dir)).toEqual(['photo.abc.jpg']);
  expect((await readdir(path.join(dir, '_astro'))).sort()).toEqual([
    'drawn.def.png',
    'photo.abc_1x.webp',
    'site.css',
  ]);
  await rm(dir, { recursive: true });
});
