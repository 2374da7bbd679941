import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { type ContentImage, type ImageForm, portraitForm, textForms } from '../../lib/images.ts';
import { isInSitemap } from '../../lib/routes.ts';
import { asContentFile, type Published } from '../../platform/published.ts';
import { imageForm } from '../content/images.ts';
import { membersOnlyAssets } from '../resources/model.ts';
import { isPackedForm, packedForms, packFiles } from './pack-files.ts';
import { publishedEntries } from './published-entries.ts';
import { type FileList, filesBelow, type ReleaseFiles, releaseFiles } from './release-files.ts';
import { sitemapFiles } from './release-sitemap.ts';
import { openRenderer, outputFile, type StaticPath } from './renderer.ts';

type ReleaseBuild = {
  /** Folder of the code build, with `client`, `server` and `renderer`. */
  codeDir: string;
  /** Content to publish. `content/` in `outDir` is left as it is when it is the same folder. */
  contentDir: string;
  /** Folder of the release; what it holds of another is overwritten. */
  outDir: string;
  /** Folder of the release before: what is the same is taken from there. */
  previous?: string | undefined;
  /** Where encoded images are kept. */
  cacheDir: string;
  siteUrl: string;
  now: Date;
  /** Takes in the pages and is written into `client/pagefind`. */
  index: { add(file: string, html: string): Promise<void>; write(siteDir: string): Promise<number> };
  /** Settles when it is known whether the content is right; rejects where it is not, and nothing more is made. */
  checked: Promise<void>;
  /** Told when a step begins; returns what to call at its end. */
  onStep: (step: 'render' | 'index' | 'compress') => () => void;
};

/**
 * What came of it: how many pages there are, and the addresses of those that are new, other or gone since the release before.
 * `isSame`: nobody could tell it from the release before.
 */
type BuiltRelease = {
  pages: number;
  indexed: number;
  changed: string[];
  removed: string[];
  isSame: boolean;
};

/** How long what only opened pages still ask for stays. */
const keptForMs = 7 * 24 * 60 * 60 * 1000;
const hashedFile =
  /^client\/(?:_astro\/|pagefind\/(?:fragment|index|filter)\/|pagefind\/pagefind\.[\w-]+\.pf_meta$)/;

/**
 * Makes a release of one version of the code and one of the content: every static page is rendered, searched through and
 * packed. A process can make one. Throws when a page cannot be rendered; `outDir` is of no use then.
 */
export async function buildRelease(build: ReleaseBuild): Promise<BuiltRelease> {
  const { codeDir, contentDir, outDir, siteUrl } = build;
  const clientDir = path.join(outDir, 'client');
  const files = await releaseFiles(outDir, build.previous);

  build.checked.catch(() => {}); // it is looked at below, which may be later than it fails
  const rendered = build.onStep('render');
  const content = await unlessRefused(publishedEntries(contentDir), build.checked);
  const renderer = await openRenderer(codeDir, content, siteUrl);
  const paths = await unlessRefused(renderer.paths(), build.checked);
  await copyAll(files, path.join(codeDir, 'client'), 'client');
  const publicFiles = new Set(Object.keys(files.list));
  const pages: StaticPath[] = [];
  const toIndex = inOrder(build.index.add);
  const rendering = inTurns(paths, 8, async (at, place) => {
    const file = `client/${outputFile(at)}`;
    if (publicFiles.has(file)) throw new Error(`${at.pathname} has the address of a file in public/.`);
    const bytes = await renderer.render(at);
    toIndex.put(place, bytes && at.isPage ? [outputFile(at), bytes.toString()] : undefined);
    if (!bytes) return;
    if (at.isPage) pages.push(at);
    await files.put(file, bytes);
  });
  await unlessRefused(rendering, build.checked);
  await build.checked;
  const listed = pages
    .map(({ pathname }) => pathname)
    .filter((pathname) => !/^\/(?:404|500)$/.test(pathname));
  for (const [file, text] of sitemapFiles(siteUrl, listed.filter(isInSitemap)))
    await files.put(`client/${file}`, text);
  rendered();

  const [indexed] = await Promise.all([
    timed(build.onStep('index'), async () => {
      await toIndex.done();
      const covered = await build.index.write(clientDir);
      const written = await filesBelow(path.join(clientDir, 'pagefind'));
      await inTurns(written, 16, (file) => files.adopt(`client/pagefind/${file}`));
      return covered;
    }),
    timed(build.onStep('compress'), async () => {
      await putImages(files, content, build.cacheDir);
      await copyAll(files, path.join(codeDir, 'server'), 'server');
      if (contentDir !== path.join(outDir, 'content')) await copyAll(files, contentDir, 'content');
      await files.put('content.json', asContentFile(content));
      await packFiles(outDir, files, clientFiles(files));
    }),
  ]);
  await packFiles(
    outDir,
    files,
    clientFiles(files).filter((file) => file.startsWith('client/pagefind/')),
  );
  await retainHashed(files, build, content, pages);
  await files.finish();

  const fileOf = (at: StaticPath) => `client/${outputFile(at)}`;
  const isPage = new Set(pages.map(fileOf));
  return {
    pages: pages.length,
    indexed,
    changed: pages
      .filter((at) => files.before[fileOf(at)]?.print !== files.list[fileOf(at)]?.print)
      .map(({ pathname }) => pathname),
    removed: Object.keys(files.before)
      .filter((file) => file.endsWith('.html') && file.startsWith('client/') && !isPage.has(file))
      .map((file) => file.slice('client'.length).replace(/\/index\.html$|\.html$/, '') || '/'),
    isSame: isDeepStrictEqual(visible(files.before), visible(files.list)),
  };
}

/** What `work` comes to; where the content is refused, that counts: what else failed may have come of it. */
async function unlessRefused<T>(work: Promise<T>, checked: Promise<void>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await checked;
    throw error;
  }
}

/** The prints of what people may come to see, and of what decides how they see it. */
function visible(list: FileList) {
  const seen = Object.entries(list).filter(
    ([file, { keptSince }]) =>
      !keptSince &&
      !isPackedForm(file) &&
      (!file.startsWith('content/') || file.startsWith('content/files/')),
  );
  return Object.fromEntries(seen.map(([file, { print }]) => [file, print]));
}

const clientFiles = (files: ReleaseFiles) =>
  Object.keys(files.list).filter((file) => file.startsWith('client/') && !isPackedForm(file));

async function timed<T>(done: () => void, run: () => Promise<T>): Promise<T> {
  const result = await run();
  done();
  return result;
}

/** Runs `run` one at a time, in the order of places, whenever the next place has been put. */
function inOrder<Args extends unknown[]>(run: (...args: Args) => Promise<void>) {
  const waiting = new Map<number, Args | undefined>();
  let next = 0;
  let turn = Promise.resolve();
  return {
    put(place: number, args: Args | undefined) {
      waiting.set(place, args);
      for (; waiting.has(next); next += 1) {
        const due = waiting.get(next);
        waiting.delete(next);
        if (due) turn = turn.then(() => run(...due));
      }
      turn.catch(() => {}); // whoever waits for the end is told
    },
    done: () => turn,
  };
}

async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  run: (item: T, place: number) => Promise<void>,
) {
  let next = 0;
  const worker = async () => {
    for (let place = next++; place < items.length; place = next++) await run(items[place]!, place);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Copies a folder into the release, without what is hidden: `.git`, `.prerender`. */
async function copyAll(files: ReleaseFiles, from: string, to: string) {
  const found = (await filesBelow(from)).filter((file) => !/(?:^|\/)\./.test(file));
  await inTurns(found, 16, (file) => files.copy(`${to}/${file}`, path.join(from, file)));
}

/** The images that public pages may show, in the forms they show them in. */
async function putImages(files: ReleaseFiles, content: Published, cacheDir: string) {
  const wanted = publicImages(content).flatMap(({ id, image, isPortrait }) => {
    const forms: ImageForm[] = [...textForms(id, image), ...(isPortrait ? [portraitForm(id, image)] : [])];
    return forms.map((form) => ({ form, source: path.join(content.contentDir, 'images', id, image.file) }));
  });
  await inTurns(wanted, 4, async ({ form, source }) => {
    const file = `client/${form.path}`;
    if (await files.keep(file, form.path)) return;
    await files.put(file, await imageForm(source, form, cacheDir), form.path);
  });
}

function publicImages({ collections }: Published) {
  const entries = (name: string) => [...(collections.get(name)?.values() ?? [])];
  const membersOnly = membersOnlyAssets(entries('member-resources'));
  const portraits = new Set(entries('people').map(({ data }) => data['portrait']));
  return entries('images')
    .filter(({ id }) => !membersOnly.images.has(id))
    .map(({ id, data }) => ({ id, image: data['image'] as ContentImage, isPortrait: portraits.has(id) }));
}

/**
 * Lets hashed files of earlier releases stay for a week, for pages that people have open: but for pictures and texts that
 * are public no longer.
 */
async function retainHashed(
  files: ReleaseFiles,
  { previous, now }: ReleaseBuild,
  content: Published,
  pages: readonly StaticPath[],
) {
  if (!previous) return;
  const images = new Set(publicImages(content).map(({ id }) => id));
  const addresses = new Set(pages.map(({ pathname }) => pathname));
  const gone = Object.entries(files.before).filter(
    ([file]) => hashedFile.test(file) && !files.list[file] && !isPackedForm(file),
  );
  await inTurns(gone, 8, async ([file, { keptSince = now.toISOString() }]) => {
    if (now.getTime() - Date.parse(keptSince) > keptForMs) return;
    const image = /\/_astro\/images\/([^./]+)\./.exec(file)?.[1];
    if (image && !images.has(image)) return;
    if (file.endsWith('.pf_fragment') && !addresses.has(await fragmentAddress(path.join(previous, file))))
      return;
    await files.retain(file, keptSince);
    for (const form of packedForms(file)) if (files.before[form]) await files.retain(form, keptSince);
  });
}

/** The page whose text stands in a fragment of Pagefind’s index; empty where it cannot be told. */
async function fragmentAddress(file: string): Promise<string> {
  try {
    const text = gunzipSync(await readFile(file)).toString();
    const { url } = JSON.parse(text.slice(text.indexOf('{'))) as { url: string };
    return url.length > 1 ? url.replace(/\/$/, '') : url;
  } catch {
    return '';
  }
}
