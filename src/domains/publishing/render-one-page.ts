import { publishedEntries } from './published-entries.ts';
import { openRenderer, outputFile } from './renderer.ts';

/** A page as it was rendered. */
export type RenderedPage = { status: number; html: string };

/** Renders the static page at `pathname` with the content in `contentDir`; the page for what is not there, with 404, otherwise. */
export async function renderOnePage(
  codeDir: string,
  contentDir: string,
  pathname: string,
  siteUrl: string,
): Promise<RenderedPage> {
  const renderer = await openRenderer(codeDir, await publishedEntries(contentDir), siteUrl);
  const pages = (await renderer.paths()).filter(({ isPage }) => isPage);
  const find = (address: string) =>
    pages.find((at) => outputFile(at) === outputFile({ pathname: address, isPage: true }));
  const asked = find(pathname);
  const at = asked ?? find('/404');
  const html = at && (await renderer.render(at));
  if (!html) throw new Error(`There is nothing to render at ${pathname}.`);
  return { status: asked ? 200 : 404, html: html.toString() };
}
