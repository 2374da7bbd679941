import { buffer } from 'node:stream/consumers';
import sharp, { type Sharp } from 'sharp';
import { exitCodes } from './image-exit-codes.ts';

const mostPixels = 40_000_000;

/**
 * What a process of its own is for: reads the bytes of one uploaded JPEG, PNG or WebP from its input, and writes what `draw` makes
 * of it to its output. What goes wrong in a decoder, or takes too long or too much memory, ends with that process.
 */
export async function drawUpload(draw: (image: Sharp) => Sharp): Promise<void> {
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
    const image = sharp(upload, { limitInputPixels: mostPixels, failOn: 'error' });
    process.stdout.end(await draw(image).toBuffer());
  } catch {
    process.exitCode = exitCodes.unreadable;
  }
}
