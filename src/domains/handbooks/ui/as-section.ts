/** Makes a page one of many on a page: its headings two levels lower, their ids and the links to them its own. */
export function asSectionOf(html: string, prefix: string): string {
  const lower = (level: string) => `h${Math.min(6, Number(level) + 2)}`;
  return html
    .replace(/<h([2-6]) id="([^"]+)"/g, (_, level, id) => `<${lower(level)} id="${prefix}--${id}"`)
    .replace(/<\/h([2-6])>/g, (_, level) => `</${lower(level)}>`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}--$1"`);
}
