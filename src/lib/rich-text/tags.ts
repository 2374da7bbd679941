import Markdoc, { type Config, type Node, type RenderableTreeNode, type Schema } from '@markdoc/markdoc';
import { slugify } from '../text.ts';

const { Tag } = Markdoc;

/** An image ready for a page: addresses are final, sizes are CSS pixels. */
export type RichTextImage = { src: string; srcset: string; width: number; height: number; alt: string };
/** A file people can download or play; `detail` reads like `PDF, 240 KB`. */
export type RichTextFile = { href: string; title: string; detail: string };
/** What relations inside rich text resolve to, by slug. */
export type RichTextAssets = { images: Map<string, RichTextImage>; files: Map<string, RichTextFile> };

type TransformConfig = Config & { headingIds?: Set<string> };

const assetsOf = (config: Config) => config.variables?.['assets'] as RichTextAssets | undefined;
const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** The tones of a callout, with the word that stands on it when it has no title. */
export const calloutTones = { note: 'Good to know', tip: 'A tip', important: 'Important' } as const;

/** Link targets that content may use: pages of this site, places on the page, the web, mail and telephone. */
export function isAllowedLink(href: string): boolean {
  return /^(?:\/(?![/\\])|#|https?:\/\/|mailto:|tel:)/i.test(href) && !/[\s\p{Cc}]/u.test(href);
}

/** A link as it may stand on a page; one that is not allowed leads nowhere, even if no check refused it before. */
const safeHref = (href: unknown) => (typeof href === 'string' && isAllowedLink(href) ? href : '#');

const callout: Schema = {
  render: 'aside',
  attributes: {
    tone: { type: String, default: 'note', matches: Object.keys(calloutTones) },
    title: { type: String },
  },
  transform(node, config) {
    const asked = text(node.attributes['tone']);
    const tone = Object.hasOwn(calloutTones, asked) ? (asked as keyof typeof calloutTones) : 'note';
    const title = text(node.attributes['title']) || calloutTones[tone];
    return new Tag('aside', { class: `callout callout-${tone}` }, [
      new Tag('p', { class: 'callout-title' }, [title]),
      ...node.transformChildren(config),
    ]);
  },
};

const wrapperOf = (className: string): NonNullable<Schema['transform']> =>
  function transform(node: Node, config: Config) {
    return new Tag('div', { class: className }, node.transformChildren(config));
  };

const steps: Schema = { attributes: {}, transform: wrapperOf('steps') };

const checklist: Schema = {
  attributes: { title: { type: String } },
  transform(node, config) {
    const title = text(node.attributes['title']);
    return new Tag('div', { class: 'checklist' }, [
      ...(title ? [new Tag('p', { class: 'checklist-title' }, [title])] : []),
      ...node.transformChildren(config),
    ]);
  },
};

const timeline: Schema = {
  attributes: {},
  transform: (node, config) => new Tag('ol', { class: 'timeline' }, node.transformChildren(config)),
};

const timelineItem: Schema = {
  attributes: { when: { type: String, required: true }, title: { type: String, required: true } },
  transform: (node, config) =>
    new Tag('li', {}, [
      new Tag('p', { class: 'timeline-when' }, [text(node.attributes['when'])]),
      new Tag('p', { class: 'timeline-title' }, [text(node.attributes['title'])]),
      ...node.transformChildren(config),
    ]),
};

const figure: Schema = {
  selfClosing: true,
  attributes: { image: { type: String, required: true }, caption: { type: String } },
  transform(node, config) {
    const image = assetsOf(config)?.images.get(text(node.attributes['image']));
    if (!image) return null;
    const { src, srcset, width, height, alt } = image;
    const caption = text(node.attributes['caption']);
    return new Tag('figure', {}, [
      new Tag('img', {
        src,
        srcset,
        sizes: '(min-width: 50rem) 44rem, 100vw',
        width,
        height,
        alt,
        loading: 'lazy',
        decoding: 'async',
      }),
      ...(caption ? [new Tag('figcaption', {}, [caption])] : []),
    ]);
  },
};

const file: Schema = {
  selfClosing: true,
  attributes: { file: { type: String, required: true }, title: { type: String } },
  transform(node, config) {
    const found = assetsOf(config)?.files.get(text(node.attributes['file']));
    if (!found) return null;
    const title = text(node.attributes['title']) || found.title;
    return new Tag('p', { class: 'file' }, [
      new Tag('a', { href: found.href, download: '' }, [title]),
      new Tag('span', {}, [found.detail]),
    ]);
  },
};

const button: Schema = {
  selfClosing: true,
  attributes: {
    href: { type: String, required: true },
    label: { type: String, required: true },
  },
  transform: (node) =>
    new Tag('p', { class: 'button-line' }, [
      new Tag('a', { class: 'button', href: safeHref(node.attributes['href']) }, [
        text(node.attributes['label']),
      ]),
    ]),
};

const faq: Schema = { attributes: {}, transform: wrapperOf('faq') };

const faqItem: Schema = {
  attributes: { question: { type: String, required: true } },
  transform: (node, config) =>
    new Tag('details', {}, [
      new Tag('summary', {}, [text(node.attributes['question'])]),
      ...node.transformChildren(config),
    ]),
};

const quote: Schema = {
  attributes: { by: { type: String } },
  transform(node, config) {
    const by = text(node.attributes['by']);
    return new Tag('figure', { class: 'quote' }, [
      new Tag('blockquote', {}, node.transformChildren(config)),
      ...(by ? [new Tag('figcaption', {}, [by])] : []),
    ]);
  },
};

const video: Schema = {
  selfClosing: true,
  attributes: {
    title: { type: String, required: true },
    file: { type: String },
    captions: { type: String },
    href: { type: String },
  },
  transform(node, config) {
    const title = text(node.attributes['title']);
    const href = safeHref(node.attributes['href']);
    const files = assetsOf(config)?.files;
    const found = files?.get(text(node.attributes['file']));
    if (!found) {
      return new Tag('p', { class: 'file' }, [
        new Tag('a', { href }, [title]),
        new Tag('span', {}, ['Video on another site']),
      ]);
    }
    const captions = files?.get(text(node.attributes['captions']));
    return new Tag('figure', { class: 'video' }, [
      new Tag(
        'video',
        { controls: true, preload: 'metadata', playsinline: true, 'aria-label': title, src: found.href },
        [
          ...(captions
            ? [
                new Tag('track', {
                  kind: 'captions',
                  srclang: 'en',
                  label: 'English',
                  src: captions.href,
                  default: true,
                }),
              ]
            : []),
          new Tag('a', { href: found.href }, [title]),
        ],
      ),
      new Tag('figcaption', {}, [`${title} (${found.detail})`]),
    ]);
  },
  validate(node) {
    if (node.attributes['file'] || node.attributes['href']) return [];
    return [
      {
        id: 'video-source',
        level: 'error',
        message: 'A video needs a file of its own or a link to where it is.',
      },
    ];
  },
};

const heading: Schema = {
  children: ['inline'],
  attributes: { level: { type: Number, required: true, default: 2 } },
  transform(node, config: TransformConfig) {
    const children = node.transformChildren(config);
    const id = headingId(plainText(children), config);
    const level = Number(node.attributes['level']);
    return new Tag([2, 3, 4, 5, 6].includes(level) ? `h${level}` : 'h2', { id }, children);
  },
};

const link: Schema = {
  ...Markdoc.nodes.link,
  transform(node, config) {
    const href = safeHref(node.attributes['href']);
    const elsewhere = /^https?:/i.test(href);
    const children = node.transformChildren(config);
    return new Tag('a', { href, ...(elsewhere ? { rel: 'noopener external' } : {}) }, children);
  },
};

/** Images stand in the Figure block, with a description; one in the text is refused by the check, and not shown. */
const image: Schema = { ...Markdoc.nodes.image, transform: () => null };

/** Wide tables scroll inside a box that the keyboard reaches; the page itself never scrolls sideways. */
const table: Schema = {
  ...Markdoc.nodes.table,
  transform: (node, config) =>
    new Tag('div', { class: 'table', tabindex: '0', role: 'group', 'aria-label': 'Table' }, [
      new Tag('table', {}, node.transformChildren(config)),
    ]),
};

const fence: Schema = {
  ...Markdoc.nodes.fence,
  transform: (node) =>
    new Tag('pre', { class: 'copyable' }, [
      new Tag('code', {}, [text(node.attributes['content']).replace(/\n$/, '')]),
    ]),
};

/** The blocks that editors can insert. Their Keystatic twins are in `collections/rich-text.ts`; a test keeps both alike. */
export const richTextTags: Record<string, Schema> = {
  callout,
  steps,
  checklist,
  timeline,
  'timeline-item': timelineItem,
  figure,
  file,
  button,
  faq,
  'faq-item': faqItem,
  quote,
  video,
};

/** Markdoc configuration of all rich text on the site. Make one a document: it counts repeated headings. */
export function richTextConfig(assets: RichTextAssets): TransformConfig {
  return {
    tags: { table: Markdoc.tags['table']!, ...richTextTags },
    nodes: {
      heading,
      link,
      image,
      table,
      fence,
      document: { ...Markdoc.nodes.document, transform: documentBody },
    },
    variables: { assets },
    headingIds: new Set(),
  };
}

function documentBody(node: Node, config: Config): RenderableTreeNode[] {
  return node.transformChildren(config);
}

function headingId(title: string, config: TransformConfig): string {
  const base = slugify(title) || 'section';
  const taken = config.headingIds ?? new Set();
  let id = base;
  for (let count = 2; taken.has(id); count++) id = `${base}-${count}`;
  taken.add(id);
  return id;
}

/** The words of a rendered tree, without its tags. */
export function plainText(tree: RenderableTreeNode | RenderableTreeNode[]): string {
  if (Array.isArray(tree)) return tree.map(plainText).join('');
  if (Tag.isTag(tree)) return plainText(tree.children);
  return typeof tree === 'string' || typeof tree === 'number' ? String(tree) : '';
}
