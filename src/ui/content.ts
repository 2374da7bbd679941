import { getCollection, getEntry } from 'astro:content';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { membersOnlyAssets } from '../domains/resources/model.ts';
import { extensionName, fileHref } from '../lib/files.ts';
import { type ContentImage, textForms } from '../lib/images.ts';
import { type RichText, renderRichText } from '../lib/rich-text/render.ts';
import type { RichTextAssets, RichTextFile, RichTextImage } from '../lib/rich-text/tags.ts';
import { publishedContentDir } from '../platform/published.ts';

/** Name, contact and prices of this site. */
export async function siteSettings() {
  return (await getEntry('settings', 'settings'))!.data;
}

/** The links of header and footer. */
export async function siteNavigation() {
  return (await getEntry('navigation', 'navigation'))!.data;
}

let assets: Promise<RichTextAssets> | undefined;

const rendered = new Map<string, RichText>();

/** Renders an entry’s body with the site’s images and files. A build renders each once, also where two pages show it. */
export async function richText({ body = '' }: { body?: string | undefined }): Promise<RichText> {
  if (import.meta.env.DEV) return renderRichText(body, await currentAssets());
  const known = rendered.get(body);
  if (known) return known;
  const made = renderRichText(body, await currentAssets());
  rendered.set(body, made);
  return made;
}

/** A downloadable file by slug; undefined where the slug is not given. */
export async function siteFile(slug: string | undefined): Promise<RichTextFile | undefined> {
  return slug ? (await currentAssets()).files.get(slug) : undefined;
}

/** A build prepares images and files once; development looks again each time. */
function currentAssets(): Promise<RichTextAssets> {
  if (import.meta.env.DEV) assets = undefined;
  assets ??= loadAssets();
  return assets;
}

/** What public pages may show. What members’ resources name is left out, so that no copy of it is made. */
async function loadAssets(): Promise<RichTextAssets> {
  const membersOnly = membersOnlyAssets(await getCollection('member-resources'));
  const [images, files] = await Promise.all([
    getCollection('images', ({ id }) => !membersOnly.images.has(id)),
    getCollection('files', ({ id }) => !membersOnly.files.has(id)),
  ]);
  return {
    images: new Map(images.map(({ id, data }) => [id, preparedImage(id, data)])),
    files: new Map(
      await Promise.all(
        files.map(async ({ id, data }) => {
          const { size } = await stat(path.join(publishedContentDir(), 'files', id, data.file));
          const detail = `${extensionName(data.file)}, ${readableSize(size)}`;
          return [id, { href: fileHref(id, data.file), title: data.title, detail }] as const;
        }),
      ),
    ),
  };
}

function preparedImage(id: string, { image, alt }: { image: ContentImage; alt: string }): RichTextImage {
  const forms = textForms(id, image);
  const { path: largest, width, height } = forms.at(-1)!;
  const srcset = forms.map((form) => `/${form.path} ${form.width}w`).join(', ');
  return { src: `/${largest}`, srcset, width, height, alt };
}

function readableSize(bytes: number): string {
  const kilobytes = bytes / 1024;
  return kilobytes < 1000
    ? `${Math.max(1, Math.round(kilobytes))} KB`
    : `${(kilobytes / 1024).toFixed(1)} MB`;
}
