import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';

/**
 * A process of its own for one picture: reads the bytes of an upload from its input and writes a square WebP to its output.
 * What goes wrong in a decoder, or takes too long or too much memory, ends with it. Its exit code says why it refused.
 */

const exitCodes = { unreadable: 3, 'too-many-pixels': 4 } as const;
const side = 512;
const mostPixels = 40_000_000;

sharp.cache(false);
sharp.concurrency(1);
// Every loader that libvips has, and then the three we want (its list: VipsForeignLoad and what comes below).
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
});

try {
  const upload = await buffer(process.stdin);
  const { width = 0, height = 0 } = await sharp(upload, { limitInputPixels: false }).metadata();
  if (width * height > mostPixels) process.exit(exitCodes['too-many-pixels']);
  const picture = await sharp(upload, { limitInputPixels: mostPixels, failOn: 'error' })
    .autoOrient()
    .resize(side, side, { fit: 'cover', position: 'attention' })
    .flatten({ background: '#ffffff' })
    .webp({ quality: 82 })
    .toBuffer();
  process.stdout.end(picture);
} catch {
  process.exitCode = exitCodes.unreadable;
}
