import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';

/**
 * A process of its own that decodes one uploaded image from its input, and says by its exit code whether it may be taken. What
 * goes wrong in a decoder, or takes too long or too much memory, ends with it.
 */

const exitCodes = { unreadable: 3, 'too-many-pixels': 4 } as const;
const mostPixels = 40_000_000;

sharp.cache(false);
sharp.concurrency(1);
// Every loader that libvips has, and then the three we want.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
});

try {
  const upload = await buffer(process.stdin);
  const { width = 0, height = 0 } = await sharp(upload, { limitInputPixels: false }).metadata();
  if (width * height > mostPixels) process.exit(exitCodes['too-many-pixels']);
  await sharp(upload, { limitInputPixels: mostPixels, failOn: 'error' })
    .resize(16, 16, { fit: 'fill' })
    .raw()
    .toBuffer();
} catch {
  process.exitCode = exitCodes.unreadable;
}
