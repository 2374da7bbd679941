import { createRequire } from 'node:module';
import { type Font, openSync } from 'fontkit';
import PDFDocument from 'pdfkit';

/** Parts of a document, from top to bottom; pages break by themselves. */
export type PdfPart =
  | { heading: string }
  | { paragraph: string }
  | { small: string }
  /** Pairs of a label and what it says. */
  | { facts: readonly (readonly [label: string, value: string])[] }
  /** `widths` are shares of the line. Columns named in `numbers` (from 0) stand on the right. */
  | {
      table: {
        head: readonly string[];
        rows: readonly (readonly string[])[];
        widths: readonly number[];
        numbers?: readonly number[];
      };
    }
  /** A square code of dark and light modules beside a text, with the address that it stands for. */
  | { code: readonly (readonly boolean[])[]; text: string; href: string };

export type PdfContent = {
  title: string;
  /** Beneath the title, smaller. */
  lead: string;
  /** On the foot of every page, before its number. */
  foot: string;
  parts: readonly PdfPart[];
};

const margin = 56;
const ink = '#2b1436';
const soft = '#5f4a68';
const line = '#d9cfdd';
const gap = 14;

/**
 * An A4 document, tagged so that screen readers know headings and tables (PDF/UA’s structure). Text is set in the site’s
 * letters, or in Noto Sans SC where those do not have them; letters that neither has lose their accents, or become boxes.
 */
export async function pdf({ title, lead, foot, parts }: PdfContent, now: Date): Promise<Buffer> {
  const document = new PDFDocument({
    size: 'A4',
    margins: { top: margin, left: margin, right: margin, bottom: margin + 20 },
    bufferPages: true,
    tagged: true,
    pdfVersion: '1.7',
    lang: 'en-GB',
    displayTitle: true,
    font: files().latin,
    info: { Title: title, Author: 'PeerSphere', CreationDate: now, ModDate: now },
  });
  const finished = Array.fromAsync(document as AsyncIterable<Buffer>).then((chunks) => Buffer.concat(chunks));
  write(document, 'H1', title, { file: files().serif, size: 24, color: ink });
  document.moveDown(0.3);
  write(document, 'P', lead, { size: 11, color: soft });
  document.y += gap;
  for (const part of parts) draw(document, part);
  numberPages(document, foot);
  document.end();
  return finished;
}

type Document = InstanceType<typeof PDFDocument>;
type Style = { file?: string; size: number; color: string };

function draw(document: Document, part: PdfPart) {
  if ('heading' in part) {
    if (document.y > document.page.height - 200) document.addPage();
    write(document, 'H2', part.heading, { file: files().serif, size: 15, color: ink });
    document.y += 4;
  } else if ('paragraph' in part) {
    write(document, 'P', part.paragraph, { size: 10.5, color: ink });
    document.y += gap;
  } else if ('small' in part) {
    write(document, 'P', part.small, { size: 8.5, color: soft });
    document.y += gap;
  } else if ('facts' in part) {
    drawTable(document, { rows: part.facts, widths: [0.3, 0.7] });
  } else if ('table' in part) {
    drawTable(document, part.table);
  } else {
    drawCode(document, part);
  }
}

function write(document: Document, tag: string, text: string, { file, size, color }: Style) {
  const { font, letters } = setting(text, file);
  document.addStructure(
    document.struct(tag, {}, () => {
      document.font(font, size).fillColor(color).text(letters, margin, document.y, { lineGap: 2 });
    }),
  );
}

function drawTable(
  document: Document,
  {
    head,
    rows,
    widths,
    numbers = [],
  }: {
    head?: readonly string[];
    rows: readonly (readonly string[])[];
    widths: readonly number[];
    numbers?: readonly number[];
  },
) {
  const width = document.page.width - 2 * margin;
  const cell = (text: string, column: number, isHead: boolean) => {
    const { font, letters } = setting(text);
    return {
      text: letters,
      type: isHead ? ('TH' as const) : ('TD' as const),
      scope: head ? 'Column' : 'Row',
      font: { src: font, size: isHead ? 8.5 : 9.5 },
      textColor: isHead ? soft : ink,
      align: { x: numbers.includes(column) ? ('right' as const) : ('left' as const) },
    };
  };
  const options: PDFKit.Mixins.TableOptions & { structParent: Document } = {
    structParent: document, // where its rows and cells come to stand for screen readers
    position: { x: margin, y: document.y },
    maxWidth: width,
    columnStyles: widths.map((share) => ({ width: share * width })),
    defaultStyle: {
      border: { top: 0, left: 0, right: 0, bottom: 0.5 },
      borderColor: line,
      padding: [5, 6, 5, 0],
    },
  };
  const table = document.font(files().latin, 9.5).table(options);
  if (head) table.row(head.map((text, column) => cell(text, column, true)));
  for (const row of rows) table.row(row.map((text, column) => cell(text, column, !head && column === 0)));
  table.end();
  document.x = margin;
  document.y += gap;
}

function drawCode(document: Document, { code, text, href }: Extract<PdfPart, { code: unknown }>) {
  const side = 84;
  if (document.y + side > document.page.height - margin - 20) document.addPage();
  const top = document.y;
  const module = side / code.length;
  document.addStructure(
    document.struct('Figure', { alt: `QR code of ${href}` }, () => {
      for (const [row, cells] of code.entries())
        for (const [column, isDark] of cells.entries())
          if (isDark) document.rect(margin + column * module, top + row * module, module, module);
      document.fill(ink);
    }),
  );
  const { font, letters } = setting(text);
  const width = document.page.width - 2 * margin - side - 18;
  document.addStructure(
    document.struct('P', {}, () => {
      document
        .font(font, 10)
        .fillColor(ink)
        .text(letters, margin + side + 18, top, { width, lineGap: 2 });
    }),
  );
  document.y += 6;
  document.addStructure(
    document.struct('Link', {}, () => {
      document
        .font(files().latin, 10)
        .text(href, margin + side + 18, document.y, { width, link: href, underline: true });
    }),
  );
  document.x = margin;
  document.y = Math.max(document.y, top + side) + gap;
}

/** Page numbers are no part of the text: marked as artifacts, so that they are not read out. */
function numberPages(document: Document, foot: string) {
  const { start, count } = document.bufferedPageRange();
  for (let page = start; page < start + count; page += 1) {
    document.switchToPage(page);
    const { bottom } = document.page.margins;
    document.page.margins.bottom = 0; // the foot stands in the margin
    document.markContent('Artifact', { type: 'Pagination' });
    const { font, letters } = setting(`${foot}  ·  Page ${page - start + 1} of ${count}`);
    document
      .font(font, 8.5)
      .fillColor(soft)
      .text(letters, margin, document.page.height - margin + 4, { lineBreak: false });
    document.endMarkedContent();
    document.page.margins.bottom = bottom;
  }
}

/** The font that has most of a text’s letters, the site’s own first, and the text as that font can draw it. */
function setting(text: string, preferred?: string): { font: string; letters: string } {
  const usual = fonts();
  const ordered = preferred ? [fontOf(preferred), ...usual] : usual;
  const drawn = ordered.map(({ file, font }) => {
    const letters = [...text].map((letter) => (hasLetter(font, letter) ? letter : withoutAccents(letter)));
    const isLost = (letter: string) => [...letter].some((part) => !hasLetter(font, part));
    const lost = letters.filter(isLost).length;
    const changed = letters.filter((letter, at) => letter !== [...text][at]).length;
    return { font: file, letters: letters.join(''), cost: lost * text.length + changed };
  });
  return drawn.reduce((best, one) => (one.cost < best.cost ? one : best));
}

const withoutAccents = (letter: string) => letter.normalize('NFD').replace(/\p{M}/gu, '');

const hasLetter = (font: Font, letter: string) =>
  /\s/.test(letter) || font.hasGlyphForCodePoint(letter.codePointAt(0) ?? 0);

type Files = { serif: string; latin: string; chinese: string };

/** Looked up once: a server that never makes a document never reads a font. */
let known: { files: Files; fonts: { file: string; font: Font }[] } | undefined;

function load() {
  if (known) return known;
  const require = createRequire(import.meta.url);
  const files = {
    serif: require.resolve('@fontsource/young-serif/files/young-serif-latin-400-normal.woff'),
    latin: require.resolve('@expo-google-fonts/figtree/400Regular/Figtree_400Regular.ttf'),
    chinese: require.resolve('@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf'),
  };
  known = {
    files,
    fonts: [files.latin, files.chinese, files.serif].map((file) => ({ file, font: open(file) })),
  };
  return known;
}

const open = (file: string) => openSync(file) as Font;
const files = () => load().files;
const fonts = () => load().fonts.slice(0, 2);
const fontOf = (file: string) => load().fonts.find((each) => each.file === file)!;
