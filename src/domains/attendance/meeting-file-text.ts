import type { FileProblem } from './meeting-file.ts';

/** The text of a file, and what to know of it. Browser-safe. */
type FileText = {
  text: string;
  /** The last character is not whole: the file was cut off. */
  isCutOff: boolean;
  warnings: string[];
};

/**
 * The text of a file that a meeting tool wrote, or somebody’s spreadsheet after it: UTF-16 or UTF-8, with or without a byte
 * order mark, and Windows-1252 where a line is not UTF-8. Line breaks become `\n`. Refuses what is no text, and a file of
 * which one part is in UTF-16 and another is not.
 */
export function textOf(bytes: Uint8Array): FileText | { problem: FileProblem } {
  const other = otherKindOf(bytes);
  if (other) return { problem: other };
  const coding = codingOf(bytes);
  const read = coding === 'utf-8' ? textFromBytes(bytes) : textFromUnits(bytes, coding);
  if ('problem' in read) return read;
  const text = read.text.replaceAll('\ufeff', '').replace(/\r\n?/g, '\n');
  if (!text.trim()) return { problem: { kind: 'empty', line: null, sentence: 'The file is empty.' } };
  if (/^\s*<(?:!doctype|html|\?xml|head|script)/i.test(text.slice(0, 1000)))
    return {
      problem: {
        kind: 'web-page',
        line: 1,
        sentence:
          'This is a web page, perhaps one that asks to sign in, not an attendance report. Sign in to the meeting tool and download the report again.',
      },
    };
  if (looksBinary(text)) return { problem: notText };
  return { ...read, text };
}

const notText: FileProblem = {
  kind: 'not-text',
  line: null,
  sentence: 'This is not a text file. Download the attendance report as CSV and choose that file.',
};

const otherKinds: readonly [FileProblem['kind'], string, readonly number[]][] = [
  ['workbook', 'an Excel workbook or a ZIP archive', [0x50, 0x4b, 0x03, 0x04]],
  ['workbook', 'a ZIP archive', [0x50, 0x4b, 0x05, 0x06]],
  ['workbook', 'an Excel workbook', [0xd0, 0xcf, 0x11, 0xe0]],
  ['workbook', 'a packed file', [0x1f, 0x8b]],
  ['pdf', 'a PDF', [0x25, 0x50, 0x44, 0x46]],
  ['image', 'a picture', [0x89, 0x50, 0x4e, 0x47]],
  ['image', 'a picture', [0xff, 0xd8, 0xff]],
  ['image', 'a picture', [0x47, 0x49, 0x46, 0x38]],
  ['image', 'a picture or a recording', [0x52, 0x49, 0x46, 0x46]],
];

function otherKindOf(bytes: Uint8Array): FileProblem | undefined {
  const found = otherKinds.find(([, , start]) => startsWith(bytes, ...start));
  if (!found) return undefined;
  const sentence = `This is ${found[1]}, not a CSV file. Download the attendance report as CSV and choose that file.`;
  return { kind: found[0], line: null, sentence };
}

const startsWith = (bytes: Uint8Array, ...start: number[]) => start.every((byte, at) => bytes[at] === byte);

type Coding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** By its mark; without one, by where the zeros stand that UTF-16 puts beside every tab, digit and Latin letter. */
function codingOf(bytes: Uint8Array): Coding {
  if (startsWith(bytes, 0xff, 0xfe)) return 'utf-16le';
  if (startsWith(bytes, 0xfe, 0xff)) return 'utf-16be';
  const firstZero = bytes.indexOf(0);
  if (firstZero < 0 || firstZero > 40) return 'utf-8';
  const looked = Math.min(bytes.length, 8192) & ~1;
  const zeros = [0, 0];
  for (let at = 0; at < looked; at += 1) if (bytes[at] === 0) zeros[at % 2]! += 1;
  const [even, odd] = zeros as [number, number];
  if (odd > looked / 20 && odd > 5 * even) return 'utf-16le';
  if (even > looked / 20 && even > 5 * odd) return 'utf-16be';
  return 'utf-8';
}

function textFromUnits(
  bytes: Uint8Array,
  coding: 'utf-16le' | 'utf-16be',
): FileText | { problem: FileProblem } {
  const whole = bytes.length & ~1;
  const text = new TextDecoder(coding).decode(bytes.subarray(0, whole));
  const foreign = textInPairs.exec(text);
  if (foreign) return { problem: mixed(lineAt(text, foreign.index)) };
  const { clean, warnings } = withoutZeros(text);
  return { text: clean, isCutOff: whole !== bytes.length, warnings };
}

/** Characters whose both bytes are letters, digits or signs of ASCII, many in a row: single-byte text read as UTF-16. */
const textInPairs = new RegExp(
  `[${Array.from({ length: 0x5f }, (_, at) => {
    const high = (0x20 + at).toString(16);
    return `\\u${high}20-\\u${high}7e\\u${high}09\\u${high}0a\\u${high}0d`;
  }).join('')}\\u0920-\\u097e\\u0a20-\\u0a7e\\u0d20-\\u0d7e\\u0d0a]{24,}`,
);

function textFromBytes(bytes: Uint8Array): FileText | { problem: FileProblem } {
  const zero = unitsWithin(bytes);
  if (zero >= 0) {
    const before = new TextDecoder('windows-1252').decode(bytes.subarray(0, zero));
    return { problem: mixed(lineAt(before, before.length)) };
  }
  const whole = wholeUtf8(bytes);
  const read = whole ?? { ...textByLines(bytes), isCutOff: false };
  const { clean, warnings } = withoutZeros(read.text);
  return { text: clean, isCutOff: read.isCutOff, warnings: [...read.warnings, ...warnings] };
}

/** Where a stretch begins in which every other byte is zero; -1 where there is none. */
function unitsWithin(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) {
    let count = 1;
    while (bytes[at + 2 * count] === 0 && bytes[at + 2 * count - 1] !== 0) count += 1;
    if (count >= 8) return at;
    at += 2 * (count - 1);
  }
  return -1;
}

/** Undefined where a byte is not UTF-8, other than a last character that is not whole. */
function wholeUtf8(bytes: Uint8Array): FileText | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    const text = decoder.decode(bytes, { stream: true });
    return { text, isCutOff: !endsWhole(decoder), warnings: [] };
  } catch {
    return undefined;
  }
}

function endsWhole(decoder: TextDecoder): boolean {
  try {
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

/** Line by line: as UTF-8 where a line is, otherwise as Windows-1252. */
function textByLines(bytes: Uint8Array): { text: string; warnings: string[] } {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const latin = new TextDecoder('windows-1252');
  const lines: string[] = [];
  const foreign: number[] = [];
  let hasUtf8 = false;
  for (let from = 0; from <= bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    const line = bytes.subarray(from, end < 0 ? bytes.length : end);
    from = end < 0 ? bytes.length + 1 : end + 1;
    try {
      const text = utf8.decode(line);
      hasUtf8 ||= text.length < line.length;
      lines.push(text);
    } catch {
      foreign.push(lines.length + 1);
      lines.push(latin.decode(line));
    }
  }
  return { text: lines.join('\n'), warnings: [foreignWarning(foreign, hasUtf8)] };
}

function foreignWarning(lines: readonly number[], hasUtf8: boolean): string {
  const named = lines.slice(0, 5).join(', ') + (lines.length > 5 ? ' and more' : '');
  const where = lines.length === 1 ? `line ${named}` : `lines ${named}`;
  return hasUtf8
    ? `The file mixes two encodings: ${where} read as Windows-1252, the rest as UTF-8. Check the names there.`
    : `The file is not in UTF-8: read as Windows-1252. Check the names with accents in ${where}.`;
}

const mixed = (line: number): FileProblem => ({
  kind: 'mixed-encodings',
  line,
  sentence: `The file mixes two encodings: from line ${line} it is in another one, as if two files had been joined. Download it again and choose it as it is.`,
});

const lineAt = (text: string, at: number) => text.slice(0, at).split(/\r\n|[\r\n]/).length;

function withoutZeros(text: string): { clean: string; warnings: string[] } {
  const at = text.indexOf('\0');
  if (at < 0) return { clean: text, warnings: [] };
  const warning = `Line ${lineAt(text, at)} has empty characters that do not belong there: left out.`;
  return { clean: text.replaceAll('\0', ''), warnings: [warning] };
}

/** More than two in a hundred characters are none that a text has. */
function looksBinary(text: string): boolean {
  let strange = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 9 && code !== 10) || code === 0x7f || code === 0xfffd) strange += 1;
  }
  return strange > 2 + text.length / 50;
}
