import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { portraitForm, textForms } from '../../lib/images.ts';
import { describeImage, imageAt, imageForm } from './images.ts';

let dir: string;
const picture = (file: string) => path.join(dir, 'content/images/three-networks', file);

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'content-images-'));
  await cp('content/images/three-networks', path.join(dir, 'content/images/three-networks'), {
    recursive: true,
  });
});
afterEach(() => rm(dir, { recursive: true }));

const described = (file = 'three-networks.png') =>
  describeImage(path.join(dir, 'content'), 'three-networks', file);

test('another upload under the same name has another address', async () => {
  const before = await described();
  await sharp({ create: { width: 600, height: 300, channels: 3, background: 'red' } })
    .png()
    .toFile(picture('three-networks.png'));
  const after = await described();
  expect(after).toMatchObject({ width: 600, height: 300 });
  expect(after.hash).not.toBe(before.hash);
  expect(textForms('three-networks', after).map(({ width, height }) => [width, height])).toEqual([
    [480, 240],
    [600, 300],
  ]);
});

test('a photo that the camera held sideways is described, and made, as it is seen', async () => {
  await sharp({ create: { width: 600, height: 300, channels: 3, background: 'red' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toFile(picture('turned.jpg'));
  const image = await described('turned.jpg');
  expect(image).toMatchObject({ width: 300, height: 600 });
  const [form] = textForms('three-networks', image);
  const bytes = await imageForm(picture('turned.jpg'), form!, path.join(dir, 'cache'));
  const made = await sharp(bytes).metadata();
  expect(made).toMatchObject({ format: 'webp', width: 300, height: 600 });
  expect(made.exif).toBeUndefined();
});

test.each([
  ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
  ['a GIF', Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')],
])('%s is not read, whatever its name says', async (_what, bytes) => {
  await writeFile(picture('evil.png'), bytes);
  await expect(described('evil.png')).rejects.toThrow('unsupported image format');
});

test('a portrait is a square', async () => {
  const form = portraitForm('three-networks', await described());
  const bytes = await imageForm(picture('three-networks.png'), form, path.join(dir, 'cache'));
  expect(await sharp(bytes).metadata()).toMatchObject({ width: 144, height: 144 });
});

test('a form is encoded once and kept', async () => {
  const [form] = textForms('three-networks', await described());
  const cache = path.join(dir, 'cache');
  const first = await imageForm(picture('three-networks.png'), form!, cache);
  await rm(picture('three-networks.png'));
  expect(await imageForm(picture('three-networks.png'), form!, cache)).toEqual(first);
  expect(await readdir(cache)).toEqual([path.basename(form!.path)]);
});

test('an address that a page names leads to the image, one of an earlier upload to none', async () => {
  const [form] = textForms('three-networks', await described());
  const at = (address: string) => imageAt(path.join(dir, 'content'), address, path.join(dir, 'cache'));
  expect(await at(`/${form!.path}`)).toBeInstanceOf(Buffer);
  expect(await at('/_astro/images/three-networks.000000000000-480.webp')).toBeUndefined();
  expect(await at('/_astro/images/../three-networks/index.yaml')).toBeUndefined();
});
