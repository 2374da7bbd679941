import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { checkContent } from '../content/check-content.ts';
import { isPicturePath } from '../content/entry-of-path.ts';
import { plannedBranch } from '../content/planned-branches.ts';
import { checkOut, headOf, isContentRepository } from '../content/repository.ts';
import { findPlannedChange, isWaiting } from './planned.ts';
import { type ShownProblem, shownProblems } from './queries.ts';
import { renderPage } from './render-page.ts';

/** Pages as they will look, for editors only: rendered from what was saved last, on the site or in a planned change. */

type Folders = { dataDir: string; contentDir: string };

/** The code build that pages of releases are made with too. */
const codeBuild = 'dist';

export type Preview =
  /** A whole page, with a bar on top that says what it is. */
  | { html: string; status: number }
  /** The content cannot be shown: what a failed release would say. */
  | { title: string; problems: ShownProblem[] };

/** As many checked-out versions are kept. */
const mostFolders = 4;

/**
 * The page at `pathname` of `of`: `main`, or the id of a planned change that waits. Undefined where there is no such thing.
 * Links to other pages lead to their previews; nothing else on the page is another than it will be.
 */
export async function previewPage(
  folders: Folders,
  now: Date,
  of: string,
  pathname: string,
): Promise<Preview | undefined> {
  if (/^\/[/\\]/.test(pathname)) return undefined; // a link to it would lead to another site
  const found = await previewFolder(folders, now, of);
  if (!found) return undefined;
  const { folder, title } = found;
  try {
    const page = await renderPage({ codeBuild, contentDir: folder, pathname });
    return { status: page.status, html: asPreview(page.html, { of, title, pathname }) };
  } catch (error) {
    const problems = await checkContent(folder);
    if (problems.length === 0) throw error; // not what was written is wrong, but the software
    return { title, problems: await shownProblems(folder, problems) };
  }
}

/**
 * An image of a preview as it was uploaded: forms of it that pages show are made with a release. `name` is what stands in the
 * page, `three-networks.0a1b2c-880.webp`. Undefined where the content has none.
 */
export async function previewImage(
  folders: Folders,
  now: Date,
  of: string,
  name: string,
): Promise<{ bytes: Buffer; file: string } | undefined> {
  const id = /^([a-z0-9]+(?:-[a-z0-9]+)*)\.[^/]+$/.exec(name)?.[1];
  const found = id && (await previewFolder(folders, now, of));
  if (!found) return undefined;
  const folder = path.join(found.folder, 'images', id);
  const file = (await readdir(folder).catch(() => [])).find(isPicturePath);
  return file === undefined ? undefined : { file, bytes: await readFile(path.join(folder, file)) };
}

/** The content of `of` in a folder of its own, which stays for a while. */
async function previewFolder({ dataDir, contentDir }: Folders, now: Date, of: string) {
  if (!(await isContentRepository(contentDir))) return undefined;
  const change = of === 'main' ? undefined : await findPlannedChange(dataDir, of);
  if (of !== 'main' && !(change && isWaiting(change))) return undefined;
  const commit = await headOf(contentDir, change ? plannedBranch(change.id) : 'main');
  if (!commit) return undefined;
  const previews = path.join(dataDir, 'cache', 'previews');
  const folder = path.join(previews, commit);
  const title = change?.title ?? 'What was saved last';
  const isThere = await utimes(folder, now, now).then(
    () => true,
    () => false,
  );
  if (isThere) return { folder, title };
  const beside = path.join(previews, `.${randomUUID()}`);
  await checkOut(contentDir, commit, beside);
  await rename(beside, folder).catch(() => rm(beside, { recursive: true, force: true })); // another request was faster
  await forgetOld(previews);
  return { folder, title };
}

async function forgetOld(previews: string) {
  const names = (await readdir(previews)).filter((name) => !name.startsWith('.'));
  const ages = await Promise.all(
    names.map(async (name) => ({
      name,
      at: (await stat(path.join(previews, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  ages.sort((a, b) => b.at - a.at);
  for (const { name } of ages.slice(mostFolders))
    await rm(path.join(previews, name), { recursive: true, force: true });
}

/** Pages that are answered on demand, or are no pages: a preview has none of them. */
const notPreviewed =
  /^\/(?:staff|me|sam|host|attendance|keystatic|api|sign-in|sign-out|join|activate|verify|forgot-password|reset-password|rsvp|calendar|record|unsubscribe|sessions|live-sessions|pictures|files|set-up|search|webhooks|og|_[a-z-]+)(?:[/?#]|$)|\/(?:hub|read)(?:[/?#]|$)|\.[a-z0-9]+(?:[?#]|$)|^\/contact\/send/;

/** Where the preview of a page is, `/membership` or `/`. */
export const previewHref = (of: string, pageHref: string) =>
  `/staff/publishing/preview/${of}${pageHref === '/' ? '' : pageHref}`;

/** The page with the bar on top, its links and images those of the preview. */
function asPreview(
  html: string,
  { of, title, pathname }: { of: string; title: string; pathname: string },
): string {
  const base = previewHref(of, '/');
  const back = of === 'main' ? '/staff/publishing' : `/staff/publishing/planned/${of}`;
  const bar = `<aside class="preview-bar" aria-label="Preview"><p><strong>Preview</strong> <span>${escaped(title)}</span></p><p><a href="${back}">Back</a> <a href="${escaped(pathname)}">The page as it is now</a></p></aside>`;
  return html
    .replaceAll('/_astro/images/', `${base}/_astro/images/`)
    .replace(/(<a\b[^>]*?\shref=")(\/(?!\/)[^"]*)"/g, (whole, start: string, href: string) =>
      notPreviewed.test(href) ? whole : `${start}${previewHref(of, href)}"`,
    )
    .replace(/(content-security-policy"[^>]*?style-src )/i, `$1'sha256-${barHash}' `)
    .replace('</head>', `<style>${barStyle}</style></head>`)
    .replace(/<a class="skip".*?<\/a>/s, (skipLink) => `${skipLink}${bar}`);
}

const barStyle =
  '.preview-bar{position:sticky;inset-block-start:0;z-index:100;display:flex;flex-wrap:wrap;gap:.1rem 1.5rem;justify-content:space-between;padding:.4rem clamp(1rem,.4rem + 2.6vw,2.5rem);font:600 .9375rem/1.4 var(--sans);color:#2b1436;background:#f9b62f}.preview-bar p{margin:0}.preview-bar span{font-weight:400;margin-inline-start:.5em}.preview-bar a{color:inherit;margin-inline-end:1em}@media print{.preview-bar{display:none}}';
const barHash = createHash('sha256').update(barStyle).digest('base64');

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
