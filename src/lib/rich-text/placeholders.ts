import Markdoc, { type Config, type Node, type RenderableTreeNode, type Schema } from '@markdoc/markdoc';
import { isAllowedLink, plainText } from './tags.ts';

const { Tag, Ast } = Markdoc;

/** What stands for each placeholder. Words are words: never Markdoc, never HTML. */
export type Filling = {
  words: Readonly<Record<string, string>>;
  /** Addresses by placeholder: it becomes a link where it stands in the text, or the target of one that is there. */
  addresses: Readonly<Record<string, string>>;
  /** In front of links to pages of this site, which lead nowhere in a mail: `https://peersphere.example`. */
  siteUrl: string;
};

/** A text with everything filled in, for two kinds of pasting. */
export type FilledText = { html: string; plain: string };

/** `{school}`; a link's target has its braces percent-encoded. Not `{% … %}`, which is a block. */
const placeholder = /\{(?!%)([^{}\n]{0,60})\}|%7B([^%\s)]{1,60})%7D/gi;

/** Placeholders of a text that `known` does not have, as they are written, each once. */
export function unknownPlaceholders(text: string, known: readonly string[]): string[] {
  const found = [...text.matchAll(placeholder)].filter(
    ([, inText, inLink]) => !known.includes(inText ?? inLink ?? ''),
  );
  return [...new Set(found.map(([, inText, inLink]) => `{${inText ?? inLink}}`))];
}

/** The text with an address in place of each placeholder that a link leads to, so that the link can be checked as one. */
export function withSampleTargets(source: string): string {
  return source.replace(/\]\((?:\{[\w-]+\}|%7B[\w-]+%7D)\)/gi, '](https://example.test)');
}

/** Plain text with words and addresses in place of its placeholders; one that nobody knows stays as it is. */
export function fillWords(text: string, { words, addresses }: Filling): string {
  return text.replace(placeholder, (whole, inText?: string) => {
    const name = inText ?? '';
    return filledAs(words, name) ?? filledAs(addresses, name) ?? whole;
  });
}

/** Renders Markdoc with its placeholders filled in, to HTML that a mail program keeps and to plain text. */
export function fillRichText(source: string, filling: Filling): FilledText {
  const ast = Markdoc.parse(source);
  fillNode(ast, filling, false);
  const tree = Markdoc.transform(ast, portableConfig(filling.siteUrl));
  const nodes = Array.isArray(tree) ? tree : [tree];
  return { html: Markdoc.renderers.html(nodes), plain: blocksAsText(nodes).trim() };
}

const filledAs = (values: Readonly<Record<string, string>>, name: string) =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** Fills text after it was parsed, so that nothing in a value means anything: `**` stays two stars. */
function fillNode(node: Node, filling: Filling, inLink: boolean) {
  node.children = node.children.flatMap((child) => {
    if (child.type === 'link') return filledLink(child, filling);
    if (child.type === 'text') return filledText(child, filling, inLink);
    if (typeof child.attributes['content'] === 'string')
      child.attributes['content'] = fillWords(child.attributes['content'], filling);
    fillNode(child, filling, inLink);
    return [child];
  });
}

/** A link to a placeholder leads to its address; where there is none, its words stand alone. */
function filledLink(link: Node, filling: Filling): Node[] {
  fillNode(link, filling, true);
  const name = /^(?:\{([\w-]+)\}|%7B([\w-]+)%7D)$/i.exec(String(link.attributes['href'] ?? ''));
  if (!name) return [link];
  const address = filledAs(filling.addresses, name[1] ?? name[2] ?? '');
  if (!address) return link.children;
  link.attributes['href'] = address;
  return [link];
}

function filledText(node: Node, filling: Filling, inLink: boolean): Node[] {
  const content = String(node.attributes['content']);
  const nodes: Node[] = [];
  let from = 0;
  const addWords = (words: string) => {
    if (words) nodes.push(new Ast.Node('text', { content: words }));
  };
  for (const match of content.matchAll(placeholder)) {
    const address = filledAs(filling.addresses, match[1] ?? '');
    if (!address || inLink) continue;
    addWords(fillWords(content.slice(from, match.index), filling));
    nodes.push(new Ast.Node('link', { href: address }, [new Ast.Node('text', { content: address })]));
    from = match.index + match[0].length;
  }
  addWords(fillWords(content.slice(from), filling));
  return nodes;
}

/** Only what mail programs, bulletins and slides keep: no blocks, no ids, and links that lead to the site from anywhere. */
function portableConfig(siteUrl: string): Config {
  const heading: Schema = {
    ...Markdoc.nodes.heading,
    transform: (node, config) => {
      const level = Number(node.attributes['level']);
      return new Tag([2, 3, 4].includes(level) ? `h${level}` : 'h2', {}, node.transformChildren(config));
    },
  };
  const link: Schema = {
    ...Markdoc.nodes.link,
    transform: (node, config) => {
      const written = String(node.attributes['href'] ?? '');
      const href = written.startsWith('/') ? `${siteUrl}${written}` : written;
      const children = node.transformChildren(config);
      return isAllowedLink(written) ? new Tag('a', { href }, children) : children;
    },
  };
  return {
    tags: {},
    nodes: {
      heading,
      link,
      image: { ...Markdoc.nodes.image, transform: () => null },
      fence: {
        ...Markdoc.nodes.fence,
        transform: (node) => new Tag('pre', {}, [String(node.attributes['content']).replace(/\n$/, '')]),
      },
      document: { ...Markdoc.nodes.document, transform: (node, config) => node.transformChildren(config) },
    },
  };
}

const isBlock = (node: RenderableTreeNode) =>
  Tag.isTag(node) && /^(?:p|h\d|ul|ol|li|pre|blockquote|hr|table)$/.test(node.name);

/** Blocks with an empty line between them. */
function blocksAsText(nodes: readonly RenderableTreeNode[]): string {
  const blocks: string[] = [];
  let line = '';
  const endLine = () => {
    if (line.trim()) blocks.push(line.trim());
    line = '';
  };
  for (const node of nodes) {
    if (!isBlock(node)) line += inlineAsText(node);
    else {
      endLine();
      blocks.push(blockAsText(node));
    }
  }
  endLine();
  return blocks.filter(Boolean).join('\n\n');
}

function blockAsText(node: RenderableTreeNode): string {
  if (!Tag.isTag(node)) return inlineAsText(node);
  if (node.name === 'ul' || node.name === 'ol') {
    const items = node.children.filter((child) => Tag.isTag(child) && child.name === 'li');
    return items
      .map((item, index) => {
        const mark = node.name === 'ol' ? `${index + 1}. ` : '- ';
        const words = blocksAsText(Tag.isTag(item) ? item.children : []).replace(
          /\n\n(?= *(?:-|\d+\.) )/g,
          '\n',
        );
        return mark + words.replace(/\n(?=.)/g, `\n${' '.repeat(mark.length)}`);
      })
      .join('\n');
  }
  if (node.name === 'hr') return '';
  if (node.name === 'blockquote')
    return blocksAsText(node.children)
      .split('\n')
      .map((line) => `> ${line}`.trimEnd())
      .join('\n');
  if (node.name === 'pre') return plainText(node.children);
  return node.children.some(isBlock)
    ? blocksAsText(node.children)
    : node.children.map(inlineAsText).join('').trim();
}

function inlineAsText(node: RenderableTreeNode | RenderableTreeNode[]): string {
  if (Array.isArray(node)) return node.map(inlineAsText).join('');
  if (!Tag.isTag(node)) return plainText(node);
  if (node.name === 'br') return '\n';
  const words = node.children.map(inlineAsText).join('');
  const href = node.name === 'a' ? String(node.attributes['href'] ?? '') : '';
  if (!href || href === words || href === `mailto:${words}`) return words;
  return `${words}: ${href}`;
}
