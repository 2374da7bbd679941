import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { collections } from '../../collections/registry.ts';
import { type ContentImage, type ImageForm, portraitForm, textForms } from '../../lib/images.ts';
import { sharp } from './image-decoder.ts';
import { readCollection } from './read-content.ts';

/** Change it when images are encoded in another way, so that those that are kept are made anew. */
const encoding = 1;

/** What pages need to know of the image `file` in the entry `id`. Throws when it cannot be read as an image. */
export async function describeImage(contentDir: string, id: string, file: string): Promise<ContentImage> {
  const bytes = await readFile(path.join(contentDir, 'images', id, file));
  const { autoOrient } = await sharp(bytes).metadata();
  const hash = createHash('sha256').update(`${encoding}\n`).update(bytes).digest('hex').slice(0, 12);
  return { file, hash, width: autoOrient.width, height: autoOrient.height };
}

/**
 * The bytes of one form of an image, as WebP. Forms made before come from `cacheDir`: the address of a form says all
 * that it is made from. What stands in the photo’s file beside the picture (place, camera) is left out.
 */
export async function imageForm(
  source: string,
  { path: address, width, height, isCropped }: ImageForm,
  cacheDir: string,
): Promise<Buffer> {
  const kept = path.join(cacheDir, path.basename(address));
  try {
    return await readFile(kept);
  } catch {
    const image = sharp(source, { limitInputPixels: 40_000_000 }).autoOrient();
    const bytes = await image
      .resize(isCropped ? { width, height, fit: 'cover' } : { width })
      .webp()
      .toBuffer();
    await mkdir(cacheDir, { recursive: true });
    await writeFile(`${kept}.${process.pid}`, bytes);
    await rename(`${kept}.${process.pid}`, kept);
    return bytes;
  }
}

/**
 * The image at an address that pages name, `/_astro/images/three-networks.0a1b2c3d4e5f-880.webp`, made of the content as it
 * is now. Undefined where the content has no such image any more, or another under this name.
 */
export async function imageAt(
  contentDir: string,
  address: string,
  cacheDir: string,
): Promise<Buffer | undefined> {
  const id = /^\/_astro\/images\/([a-z0-9-]+)\.[\w-]+\.webp$/.exec(address)?.[1];
  const entry =
    id && (await readCollection(contentDir, collections.images)).entries.find((each) => each.id === id);
  if (!entry) return undefined;
  const image = await describeImage(contentDir, id, String(entry.data['image']));
  const forms = [...textForms(id, image), portraitForm(id, image)];
  const form = forms.find(({ path: place }) => `/${place}` === address);
  return form && imageForm(path.join(contentDir, 'images', id, image.file), form, cacheDir);
}
