import Markdoc, { type Node, type RenderableTreeNode } from '@markdoc/markdoc';
import { isAllowedLink, plainText, type RichTextAssets, richTextConfig } from './tags.ts';

const { Tag } = Markdoc;

/** A heading of a document: `level` 2 to 6, `id` as in the page's address after `#`. */
export type Heading = { level: number; id: string; text: string };
/** A rendered document: safe HTML, its headings, and its words for reading time and search. */
export type RichText = { html: string; headings: Heading[]; text: string };
/** What is wrong with a document, and on which line of its body (1 is the first). */
export type RichTextProblem = { line: number; message: string };
/** A relation or link that a document makes. */
export type RichTextLink = { line: number; kind: 'href' | 'image' | 'file'; target: string };

const noAssets: RichTextAssets = { images: new Map(), files: new Map() };

/** Renders Markdoc to HTML. Text is escaped; there is no way to write HTML or run code from content. */
export function renderRichText(source: string, assets: RichTextAssets = noAssets): RichText {
  const tree = Markdoc.transform(Markdoc.parse(source), richTextConfig(assets));
  const nodes = Array.isArray(tree) ? tree : [tree];
  return {
    html: Markdoc.renderers.html(nodes),
    headings: nodes.flatMap(headingsOf),
    text: nodes.map(spacedText).join(' ').replace(/\s+/g, ' ').trim(),
  };
}

function headingsOf(node: RenderableTreeNode): Heading[] {
  if (!Tag.isTag(node)) return [];
  const level = /^h([2-6])$/.exec(node.name)?.[1];
  if (level)
    return [{ level: Number(level), id: String(node.attributes['id']), text: plainText(node.children) }];
  return node.children.flatMap(headingsOf);
}

function spacedText(node: RenderableTreeNode): string {
  if (!Tag.isTag(node)) return plainText(node);
  return node.children.map(spacedText).join(/^(?:a|strong|em|code|s)$/.test(node.name) ? '' : ' ');
}

/** Everything a reader of the document would trip over: syntax, unknown blocks, missing attributes, unsafe links, headings that skip. */
export function richTextProblems(source: string): RichTextProblem[] {
  const open = unclosedTag(source);
  if (open) return [open];
  const ast = parsedForCheck(source);
  const problems = Markdoc.validate(ast, richTextConfig(noAssets))
    .filter(({ error }) => !error.message.startsWith("Can't nest 'softbreak'")) // a line end inside bold or a link is harmless
    .map(({ lines, error }) => ({ line: (lines[0] ?? 0) + 1, message: asSentence(error.message) }));
  let previousLevel = 1;
  for (const node of ast.walk()) {
    const line = (node.lines[0] ?? 0) + 1;
    if (node.type === 'heading') {
      const level = Number(node.attributes['level']);
      if (level === 1)
        problems.push({ line, message: 'The title is the only heading of level 1; start with level 2.' });
      else if (level > previousLevel + 1)
        problems.push({
          line,
          message: `A heading of level ${level} follows one of level ${previousLevel}; use level ${previousLevel + 1}.`,
        });
      previousLevel = level;
    }
    if (node.type !== 'tag' && node.annotations.length > 0)
      problems.push({ line, message: 'Text takes no {% … %} of its own; use a block.' });
    const href = node.attributes['href'];
    if (typeof href === 'string' && href !== '' && !isAllowedLink(href))
      problems.push({
        line,
        message: `The link “${href}” is not one we can use: write /page, #place, https://… or mailto:….`,
      });
    if (node.type === 'image')
      problems.push({
        line,
        message: 'Insert images with the Figure block, so that each has a description.',
      });
  }
  return problems;
}

/** The longest that one `{% … %}` may be. Markdoc takes quadratic time over one that never ends. */
const longestTag = 2000;

function unclosedTag(source: string): RichTextProblem | undefined {
  for (let at = source.indexOf('{%'); at >= 0; at = source.indexOf('{%', at + 2)) {
    const end = source.indexOf('%}', at);
    if (end >= 0 && end - at <= longestTag) continue;
    const line = source.slice(0, at).split('\n').length;
    return { line, message: 'A block starts with {% and does not end with %}.' };
  }
  return undefined;
}

let lastParsed: { source: string; ast: Node } | undefined;

/** The check asks for a document’s problems and then for its links: it is parsed once for both. */
function parsedForCheck(source: string): Node {
  if (lastParsed?.source !== source) lastParsed = { source, ast: Markdoc.parse(source) };
  return lastParsed.ast;
}

function asSentence(message: string): string {
  const undefinedTag = /^Undefined tag: '(.+)'$/.exec(message);
  if (undefinedTag) return `There is no block called “${undefinedTag[1]}”.`;
  const missing = /^Missing required attribute: '(.+)'$/.exec(message);
  if (missing) return `A block lacks its “${missing[1]}”.`;
  const unknown = /^Invalid attribute: '(.+)'$/.exec(message);
  if (unknown) return `A block has “${unknown[1]}”, which it does not know.`;
  return `${message.replace(/\.?$/, '')}.`;
}

/** Every link, image and file that a document names, for checking that each leads somewhere. */
export function richTextLinks(source: string): RichTextLink[] {
  if (unclosedTag(source)) return [];
  const links: RichTextLink[] = [];
  for (const node of parsedForCheck(source).walk()) links.push(...linksOf(node));
  return links;
}

function linksOf(node: Node): RichTextLink[] {
  const line = (node.lines[0] ?? 0) + 1;
  const { href, image, file, captions } = node.attributes;
  const found: RichTextLink[] = [];
  if (typeof href === 'string' && href) found.push({ line, kind: 'href', target: href });
  if (node.tag === 'figure' && typeof image === 'string') found.push({ line, kind: 'image', target: image });
  for (const target of [file, captions]) {
    if (typeof target === 'string' && target && (node.tag === 'file' || node.tag === 'video'))
      found.push({ line, kind: 'file', target });
  }
  return found;
}
