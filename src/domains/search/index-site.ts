import path from 'node:path';
import * as pagefind from 'pagefind';

/** A search index in the making. */
type SiteIndex = {
  /**
   * Takes in the page at `file` (below the folder of the site). Only what stands in `data-pagefind-body` is indexed, so
   * everything in the index was already public on a page. Throws with Pagefind’s own words when it refuses.
   */
  add(file: string, html: string): Promise<void>;
  /** Writes the index into `<siteDir>/pagefind`. Returns the number of pages; throws when Pagefind cannot write. */
  write(siteDir: string): Promise<number>;
  /** Ends Pagefind’s program. */
  close(): Promise<unknown>;
};

/** Half of a page, which Pagefind would be sent for nothing. */
const unread = /<style[^>]*>[\s\S]*?<\/style>/g;

/** Starts Pagefind’s program, which indexes beside ours. Throws when it does not start. */
export async function openSiteIndex(): Promise<SiteIndex> {
  // Words a chunk of the index, read by Pagefind’s program: at its usual 20,000 the letters of a first query load 80 KB.
  process.env['PAGEFIND_UNSTABLE_INDEX_CHUNK_SIZE'] = '4000';
  const { index, errors } = await pagefind.createIndex({ keepIndexUrl: false });
  if (!index) throw new Error(`The search index could not be started: ${errors.join(' ')}`);
  let pages = 0;
  return {
    async add(file, html) {
      const added = await index.addHTMLFile({ sourcePath: file, content: html.replace(unread, '') });
      if (added.errors.length > 0)
        throw new Error(`The search index could not take ${file}: ${added.errors.join(' ')}`);
      pages += 1;
    },
    async write(siteDir) {
      const written = await index.writeFiles({ outputPath: path.join(siteDir, 'pagefind') });
      if (written.errors.length > 0)
        throw new Error(`The search index could not be written: ${written.errors.join(' ')}`);
      return pages;
    },
    close: () => pagefind.close(),
  };
}
