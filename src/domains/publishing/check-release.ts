import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type MembersSentence, membersText } from './members-text.ts';
import type { ReleaseFault } from './model.ts';

export type ReleaseOnTrial = {
  /** Folder of the release: `client/` and `content/`. */
  folder: string;
  /** Where it is served, for us alone. */
  url: string;
  /** Addresses of pages that are new or other than in the release before, and of those that are gone. */
  changed: readonly string[];
  removed: readonly string[];
  /** Folder of the release before; undefined for the first. */
  previous?: string | undefined;
  /** Whether an address that is no file is answered on demand. */
  isOnDemand: (pathname: string) => boolean;
};

const mostFetched = 20;
const mostFaults = 50;

/**
 * What is wrong with a release that must not go live; empty when it may. Asks it for its home page, the pages that changed
 * (20 at most) and its search; reads all changed pages for links, files and places that are not there, pages that lead to
 * removed ones, and whatever is new for text that only members may read.
 */
export async function checkRelease(release: ReleaseOnTrial): Promise<ReleaseFault[]> {
  const site = await siteFiles(path.join(release.folder, 'client'));
  const changed = release.changed.filter((address) => site.fileOf(address)?.endsWith('.html'));
  const faults = [
    ...missingPages(release, site),
    ...(await pageFaults(release, site, changed)),
    ...(await linkFaults(release, site, changed)),
    ...(await searchFaults(release, site, changed)),
    ...(await membersFaults(release, site, changed)),
  ];
  return faults.slice(0, mostFaults);
}

type SiteFiles = {
  client: string;
  /** Paths of files, with a slash before: `/about/index.html`. */
  files: ReadonlySet<string>;
  /** The file that answers an address; undefined where there is none. */
  fileOf(address: string): string | undefined;
  text(file: string): Promise<string>;
};

async function siteFiles(client: string): Promise<SiteFiles> {
  const found = await readdir(client, { recursive: true, withFileTypes: true });
  const files = new Set(
    found
      .filter((entry) => entry.isFile())
      .map(
        (entry) =>
          `/${path.relative(client, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')}`,
      ),
  );
  const texts = new Map<string, Promise<string>>();
  return {
    client,
    files,
    fileOf(address) {
      const bare = address === '/' ? '' : address;
      return [`${bare}/index.html`, `${bare}.html`, address].find((file) => files.has(file));
    },
    text(file) {
      const kept = texts.get(file) ?? readFile(path.join(client, file), 'utf8');
      texts.set(file, kept);
      return kept;
    },
  };
}

function missingPages({ changed }: ReleaseOnTrial, site: SiteFiles): ReleaseFault[] {
  return ['/', '/404', ...changed]
    .filter((address) => site.fileOf(address) === undefined)
    .map((page) => ({ page, message: 'is not in the release, though it should be.' }));
}

/** Asks for pages as a browser does. */
async function pageFaults(
  { url }: ReleaseOnTrial,
  site: SiteFiles,
  changed: readonly string[],
): Promise<ReleaseFault[]> {
  const asked = [...new Set(['/', ...changed.filter((address) => !/^\/(?:404|500)$/.test(address))])];
  const faults = await Promise.all(
    asked.slice(0, mostFetched + 1).map(async (page): Promise<ReleaseFault[]> => {
      const file = site.fileOf(page);
      if (!file) return [];
      const response = await fetch(url + page, { redirect: 'manual', signal: AbortSignal.timeout(10_000) });
      const html = await response.text();
      const say = (message: string) => [{ page, message }];
      if (response.status !== 200) return say(`is answered with ${response.status} in place of 200.`);
      if (html !== (await site.text(file))) return say('is not answered as the release has it.');
      if (!/<\/html>\s*$/.test(html)) return say('is cut off before its end.');
      if (!/<title>[^<]+<\/title>/.test(html)) return say('has no title.');
      if (!response.headers.get('content-security-policy')?.includes("frame-ancestors 'none'"))
        return say('is answered without the security policy of the site.');
      if (!/<meta http-equiv="content-security-policy" content="[^"]*script-src/i.test(html))
        return say('has no security policy of its own.');
      return [];
    }),
  );
  return faults.flat();
}

/** Links, pictures, scripts and places of changed pages; and links of all pages to those that are gone. */
async function linkFaults(
  { isOnDemand, removed }: ReleaseOnTrial,
  site: SiteFiles,
  changed: readonly string[],
): Promise<ReleaseFault[]> {
  const faults: ReleaseFault[] = [];
  const places = new Map<string, Set<string>>();
  const placesOf = async (file: string) => {
    const kept = places.get(file) ?? new Set(attributes(await site.text(file), 'id'));
    places.set(file, kept);
    return kept;
  };
  for (const page of changed) {
    const file = site.fileOf(page)!;
    for (const target of new Set(targetsOf(await site.text(file)))) {
      const [address = '', place] = target.split('#');
      const to = decoded(address.replace(/\?.*$/, '')) || page;
      const there = site.fileOf(to);
      if (!there && !isOnDemand(to)) {
        const what = /\.[a-z0-9]{2,5}$/i.test(to) ? 'needs the file' : 'links to';
        faults.push({ page, message: `${what} ${to}, which is not in the release.` });
      } else if (place && there?.endsWith('.html') && !(await placesOf(there)).has(decoded(place)))
        faults.push({ page, message: `links to the place #${place} of ${to}, which is not there.` });
    }
  }
  const gone = removed.filter((address) => site.fileOf(address) === undefined && !isOnDemand(address));
  if (gone.length === 0) return faults;
  const isChanged = new Set(changed.map((page) => site.fileOf(page)));
  for (const file of htmlFiles(site)) {
    if (isChanged.has(file)) continue; // told above
    const html = await readFile(path.join(site.client, file), 'latin1');
    for (const address of gone.filter((each) => html.includes(`="${each}`)))
      if (targetsOf(html).some((target) => target.replace(/[?#].*$/, '') === address))
        faults.push({ page: addressOf(file), message: `links to ${address}, which was removed.` });
  }
  return faults;
}

/** What a page loads or leads to on this site: `/about#team`, `#top`. */
function targetsOf(html: string): string[] {
  const cards = [...html.matchAll(/<meta property="og:image" content="https?:\/\/[^/"]+([^"]+)"/g)].map(
    ([, target]) => target!,
  );
  const sets = attributes(html, 'srcset').flatMap((set) =>
    set.split(',').map((one) => one.trim().split(/\s/)[0] ?? ''),
  );
  return [...cards, ...sets, ...['href', 'src', 'poster'].flatMap((name) => attributes(html, name))].filter(
    (target) => /^(?:\/(?!\/)|#.)/.test(target),
  );
}

const attributes = (html: string, name: string) =>
  [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value]) =>
    value!.replace(/&(?:amp|#38);/g, '&'),
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const htmlFiles = ({ files }: SiteFiles) => [...files].filter((file) => file.endsWith('.html'));
const addressOf = (file: string) => file.replace(/\/index\.html$|\.html$/, '') || '/';

type Pagefind = {
  options(options: { basePath: string; baseUrl: string }): Promise<void>;
  init(): Promise<void>;
  search(words: string): Promise<{ results: { data(): Promise<{ url: string }> }[] }>;
  destroy?(): Promise<void>;
};

/** Searches for the title of a page, with the program that browsers use, over HTTP. */
async function searchFaults(
  { url }: ReleaseOnTrial,
  site: SiteFiles,
  changed: readonly string[],
): Promise<ReleaseFault[]> {
  const page = '/search';
  const program = '/pagefind/pagefind.js';
  if (!site.files.has(program)) return [{ page, message: `cannot work: ${program} is not in the release.` }];
  const searched = await searchedPage(site, changed);
  if (!searched) return [{ page, message: 'finds nothing: no page of the release is open to search.' }];
  try {
    const pagefind = (await import(pathToFileURL(path.join(site.client, program)).href)) as Pagefind;
    await pagefind.options({ basePath: `${url}/pagefind/`, baseUrl: '/' });
    await pagefind.init();
    const { results } = await pagefind.search(searched.title);
    const found = await Promise.all(results.slice(0, 30).map((result) => result.data()));
    await pagefind.destroy?.();
    const isThere = found.some((each) => (each.url.replace(/(?<=.)\/$/, '') || '/') === searched.address);
    return isThere
      ? []
      : [{ page, message: `does not find ${searched.address} by its title, “${searched.title}”.` }];
  } catch (error) {
    return [{ page, message: `does not work: ${(error as Error).message}` }];
  }
}

/** A page that is open to search, a changed one if there is one, and its title. */
async function searchedPage(site: SiteFiles, changed: readonly string[]) {
  for (const address of [...changed.slice(0, 50), ...htmlFiles(site).map(addressOf)]) {
    const html = await site.text(site.fileOf(address)!);
    if (!/\sdata-pagefind-body[\s>=]/.test(html)) continue;
    const title = /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(html)?.[1];
    const words = title && textOf(title).trim();
    if (words) return { address, title: words };
  }
  return undefined;
}

/** Text that only members may read, in whatever is new; and files that only they may have. */
async function membersFaults(
  { folder, previous }: ReleaseOnTrial,
  site: SiteFiles,
  changed: readonly string[],
): Promise<ReleaseFault[]> {
  const { sentences, files } = await membersText(path.join(folder, 'content'));
  const before = previous
    ? await membersText(path.join(previous, 'content')).catch(() => undefined)
    : undefined;
  const known = new Set(before?.sentences.map(({ sentence }) => sentence));
  const fresh = sentences.filter(({ sentence }) => !known.has(sentence));
  const isChanged = new Set(changed.map((page) => site.fileOf(page)));
  const faults: ReleaseFault[] = [...site.files]
    .filter((file) => files.some((start) => file.startsWith(start)))
    .map((page) => ({ page, message: 'is a file for members only, and would be public.' }));
  if (sentences.length === 0) return faults;
  for (const file of site.files) {
    if (!/\.(?:html|xml|json|txt|pf_fragment|pf_index|pf_meta)$/.test(file)) continue;
    const isNew = !previous || !before || isChanged.has(file) || (await differs(site.client, previous, file));
    const sought = isNew ? sentences : fresh;
    if (sought.length === 0) continue;
    const text = textOf(await unpacked(path.join(site.client, file)));
    const found = sought.find(({ sentence }) => text.includes(sentence));
    if (found) faults.push({ page: addressOf(file), message: leak(found) });
  }
  return faults;
}

const leak = ({ resource, sentence }: MembersSentence) =>
  `would make text of the members’ resource “${resource}” public: “${sentence.slice(0, 80)}…”`;

/** Whether a file that is no page is other than in the release before; fragments of search carry their hash in the name. */
async function differs(client: string, previous: string, file: string): Promise<boolean> {
  if (file.endsWith('.html')) return false; // those are in the list of changed pages
  const [here, there] = await Promise.all(
    [path.join(client, file), path.join(previous, 'client', file)].map((each) =>
      stat(each).catch(() => undefined),
    ),
  );
  if (!here || !there) return true;
  if (here.ino === there.ino && here.dev === there.dev) return false;
  return here.size !== there.size || !/\.pf_/.test(file);
}

async function unpacked(file: string): Promise<string> {
  const bytes = await readFile(file);
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString();
}

const textOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;|&apos;/g, "'")
    .replace(/&quot;|&#34;/g, '"')
    .replace(/&(?:amp|#38);/g, '&')
    .replace(/\s+/g, ' ');
