import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import satori from 'satori';
import sharp from 'sharp';

/** What stands on a page’s preview card (Open Graph image, 1200 × 630 pixels). */
export type PreviewCard = {
  title: string;
  /** Small line above the title: the handbook, the kind, the area. */
  label: string;
  /** Name of the site. */
  site: string;
  /** Background; text on it is dark. */
  color: string;
  /** SVG paths in a square of 60 units, drawn large at the right edge. */
  emblem: { strong: string; ink: string };
};

const width = 1200;
const height = 630;
const ink = '#2b1436';

/** Change it when the drawing changes, so that cached cards are drawn anew. */
const drawing = 3;

let fonts: Promise<Parameters<typeof satori>[1]['fonts']> | undefined;

/** The card as PNG. A card drawn before comes from `cacheDir`, by the hash of all that stands on it. */
export async function previewCardPng(card: PreviewCard, cacheDir: string): Promise<Buffer<ArrayBuffer>> {
  const hash = createHash('sha256')
    .update(JSON.stringify([drawing, card]))
    .digest('hex')
    .slice(0, 32);
  const file = path.join(cacheDir, `${hash}.png`);
  try {
    return (await readFile(file)) as Buffer<ArrayBuffer>;
  } catch {
    const png = await drawn(card);
    await mkdir(cacheDir, { recursive: true });
    await writeFile(`${file}.${process.pid}`, png);
    await rename(`${file}.${process.pid}`, file);
    return png;
  }
}

async function drawn(card: PreviewCard): Promise<Buffer<ArrayBuffer>> {
  fonts ??= loadFonts();
  const svg = await satori(layout(card) as Parameters<typeof satori>[0], {
    width,
    height,
    fonts: await fonts,
  });
  const { pixels } = new Resvg(svg, { font: { loadSystemFonts: false } }).render();
  const png = sharp(pixels, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png({ compressionLevel: 3 });
  return (await png.toBuffer()) as Buffer<ArrayBuffer>;
}

async function loadFonts() {
  const require = createRequire(import.meta.url);
  const [serif, sans] = await Promise.all([
    readFile(require.resolve('@fontsource/young-serif/files/young-serif-latin-400-normal.woff')),
    readFile(require.resolve('@fontsource/figtree/files/figtree-latin-600-normal.woff')),
  ]);
  return [
    { name: 'Young Serif', data: serif, weight: 400 as const },
    { name: 'Figtree', data: sans, weight: 600 as const },
  ];
}

type Box = {
  type: string;
  props: { style?: Record<string, string | number>; children?: unknown; [name: string]: unknown };
};

const box = (style: Record<string, string | number>, children: unknown): Box => ({
  type: 'div',
  props: { style: { display: 'flex', ...style }, children },
});

/** The card’s fonts hold Latin letters; a title in another script gives way to the site’s name. */
const drawable = (text: string) => /^[\p{Script=Latin}\p{N}\p{P}\p{Zs}\p{S}]*$/u.test(text);

function layout({ title, label, site, color, emblem }: PreviewCard): Box {
  const size = title.length > 60 ? 62 : title.length > 32 ? 74 : 92;
  return box({ width, height, background: color, color: ink, fontFamily: 'Figtree', fontSize: 32 }, [
    box({ flexDirection: 'column', justifyContent: 'space-between', width: 800, height, padding: 64 }, [
      box({}, label),
      box(
        { fontFamily: 'Young Serif', fontSize: size, lineHeight: 1.08, letterSpacing: -1 },
        drawable(title) ? title : site,
      ),
      box({ fontFamily: 'Young Serif', fontSize: 40 }, site),
    ]),
    {
      type: 'svg',
      props: {
        width: height,
        height,
        viewBox: '0 0 60 60',
        children: [
          { type: 'path', props: { d: emblem.strong, fill: '#ffffff', fillOpacity: 0.72 } },
          { type: 'path', props: { d: emblem.ink, fill: ink } },
        ],
      },
    },
  ]);
}
