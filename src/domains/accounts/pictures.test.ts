import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, expect, test, vi } from 'vitest';

vi.hoisted(() => {
  process.env['DATA_DIR'] = `${process.env['TMPDIR'] ?? '/tmp'}/peersphere-pictures-${process.pid}`;
});

const { findPicture, removePicture, storePicture } = await import('./pictures.ts');
const folder = path.join(process.env['DATA_DIR']!, 'uploads/pictures');
afterAll(() => rm(process.env['DATA_DIR']!, { recursive: true, force: true }));

const photo = (width = 900, height = 600) =>
  sharp({ create: { width, height, channels: 3, background: '#c04000' } });

/** Keeps it and reads it back. */
async function stored(bytes: Uint8Array): Promise<Buffer> {
  const result = await storePicture(bytes);
  if ('problem' in result) throw new Error(result.problem);
  return (await findPicture(result.pictureId))!;
}

const problemOf = async (bytes: Uint8Array) => {
  const before = await readdir(folder).catch(() => []);
  const result = await storePicture(bytes);
  expect(await readdir(folder).catch(() => [])).toEqual(before);
  return 'problem' in result ? result.problem : undefined;
};

/** A PNG that says it is so large, and holds next to nothing. */
function pngThatClaims(width: number, height: number): Buffer {
  const chunk = (type: string, content: Buffer) => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const start = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    start,
    chunk('IHDR', header),
    chunk('IDAT', Buffer.from('789c0300000000 01'.replace(' ', ''), 'hex')),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test.for(['jpeg', 'png', 'webp'] as const)('a %s becomes a square WebP of 512 pixels', async (kind) => {
  const picture = await stored(await photo().toFormat(kind).toBuffer());
  expect(await sharp(picture).metadata()).toMatchObject({ format: 'webp', width: 512, height: 512 });
});

test('where a photograph was taken is not kept, nor anything else its camera wrote', async () => {
  const taken = await photo()
    .withExif({
      IFD0: { Make: 'Camera of somebody', Copyright: 'Somebody' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '31/1 13/1 0/1' },
    })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret>here</secret></x:xmpmeta>')
    .jpeg()
    .toBuffer();
  expect((await sharp(taken).metadata()).exif).toBeDefined();
  const picture = await stored(taken);
  const { exif, xmp, iptc, icc } = await sharp(picture).metadata();
  expect({ exif, xmp, iptc, icc }).toEqual({});
  expect(picture.includes('Somebody')).toBe(false);
});

test('a photograph that a phone took on its side stands upright', async () => {
  const blue = await sharp({ create: { width: 300, height: 600, channels: 3, background: '#0000ff' } })
    .png()
    .toBuffer();
  const lying = await sharp({ create: { width: 600, height: 600, channels: 3, background: '#ff0000' } })
    .composite([{ input: blue, left: 300, top: 0 }])
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const { data } = await sharp(await stored(lying))
    .resize(2, 2, { kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [topRed, , topBlue] = data;
  const [bottomRed, , bottomBlue] = data.subarray(2 * 3);
  expect(topRed).toBeGreaterThan(200);
  expect(topBlue).toBeLessThan(60);
  expect(bottomRed).toBeLessThan(60);
  expect(bottomBlue).toBeGreaterThan(200);
});

test('what hides behind a picture in the same file is not kept', async () => {
  const jpeg = await photo().jpeg().toBuffer();
  for (const hidden of ['<script>alert(1)</script>', 'PK\x03\x04zip', '<?php system(1) ?>', '%PDF-1.7']) {
    const picture = await stored(Buffer.concat([jpeg, Buffer.from(hidden)]));
    expect(picture.includes(hidden)).toBe(false);
  }
});

test.for(['gif', 'tiff', 'avif'] as const)('a %s is refused', async (kind) => {
  expect(await problemOf(await photo(64, 64).toFormat(kind).toBuffer())).toBe(
    'Choose a picture that is a JPEG, PNG or WebP file.',
  );
});

test.for([
  ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
  ['a page', '<!doctype html><script>alert(1)</script>'],
  ['a PDF', '%PDF-1.7\n1 0 obj'],
  ['text', 'not a picture'],
] as const)('%s that is called a picture is refused', async ([, content]) => {
  expect(await problemOf(Buffer.from(content))).toBe('Choose a picture that is a JPEG, PNG or WebP file.');
});

test.for([
  ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
  ['a page', '<!doctype html><script>alert(1)</script>'],
  ['a GIF', 'GIF89a\x01\x00\x01\x00\x80\x00\x00'],
] as const)('%s that begins like a picture is refused', async ([, content]) => {
  for (const start of ['\xff\xd8\xff\xe0', '\x89PNG\r\n\x1a\n', 'RIFF\x20\x00\x00\x00WEBP']) {
    expect(await problemOf(Buffer.from(start + content, 'latin1'))).toMatch(/^This picture cannot be read\./);
  }
});

test('a picture that breaks off is refused', async () => {
  for (const kind of ['jpeg', 'png', 'webp'] as const) {
    const noise = sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#fff',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    });
    const whole = await noise.toFormat(kind).toBuffer();
    expect(await problemOf(whole.subarray(0, whole.length / 2))).toMatch(/^This picture cannot be read\./);
  }
});

test('a small file that unfolds to 50,000 by 50,000 pixels is refused without unfolding it', async () => {
  const before = process.memoryUsage.rss();
  const started = performance.now();
  expect(await problemOf(pngThatClaims(50_000, 50_000))).toBe(
    'This picture has more than 40 megapixels. Make it smaller and try again.',
  );
  expect(process.memoryUsage.rss() - before).toBeLessThan(150e6);
  expect(performance.now() - started).toBeLessThan(5000);
});

test('a picture of 40 megapixels is taken, and the server’s memory does not grow with it', async () => {
  const large = await photo(8000, 5000).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer();
  const before = process.memoryUsage.rss();
  await stored(large);
  expect(process.memoryUsage.rss() - before).toBeLessThan(150e6);
});

test('more than 5 MB, and nothing at all, are refused', async () => {
  expect(await problemOf(Buffer.alloc(5_000_001))).toBe(
    'This picture is larger than 5 MB. Choose a smaller one.',
  );
  expect(await problemOf(Buffer.alloc(0))).toBe('Choose a picture.');
});

test('many at once are kept one after the other', async () => {
  const jpeg = await photo(64, 64).jpeg().toBuffer();
  const results = await Promise.all(Array.from({ length: 8 }, () => storePicture(jpeg)));
  expect(new Set(results.map((result) => 'pictureId' in result && result.pictureId)).size).toBe(8);
});

test('a picture that was removed is gone, and removing it again is harmless', async () => {
  const result = await storePicture(await photo(64, 64).png().toBuffer());
  if (!('pictureId' in result)) throw new Error(result.problem);
  await removePicture(result.pictureId);
  await removePicture(result.pictureId);
  expect(await findPicture(result.pictureId)).toBeUndefined();
});

test('nothing else on the disk is found by a made-up id', async () => {
  for (const id of [
    '',
    'pic_',
    '../../app-secret',
    'pic_../../../etc/passwd',
    `pic_${'0'.repeat(32)}`,
    `pic_${'A'.repeat(32)}`,
  ])
    expect(await findPicture(id)).toBeUndefined();
});
