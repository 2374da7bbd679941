/** Makes a page’s heading ids and links to them unique, so that many pages can stand on one. */
export function withPrefixedIds(html: string, prefix: string): string {
  return html
    .replace(/<h([2-6]) id="([^"]+)"/g, `<h$1 id="${prefix}--$2"`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}--$1"`);
}
