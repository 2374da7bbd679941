import { drawApart } from '../../platform/image-process.ts';

const mb = 1024 * 1024;

type Kind = {
  /** What people call it, after “is not”. */
  name: string;
  most: number;
  /** Whether bytes that begin so, and go on so, are of this kind. */
  is: (bytes: Buffer) => boolean;
};

const at = (bytes: Buffer, words: string, place = 0) =>
  bytes.subarray(place, place + words.length).equals(Buffer.from(words, 'latin1'));
const has = (bytes: Buffer, words: string) => bytes.includes(Buffer.from(words, 'latin1'));
const office = (folder: string) => (bytes: Buffer) =>
  at(bytes, 'PK\x03\x04') &&
  has(bytes, '[Content_Types].xml') &&
  has(bytes, `${folder}/`) &&
  !has(bytes, 'vbaProject.bin');
const isJpeg = (bytes: Buffer) => at(bytes, '\xff\xd8\xff');

/** What may be uploaded, by the end of its name: what it must begin with, and how large it may be. */
const kinds: Record<string, Kind> = {
  jpg: { name: 'a JPEG image', most: 10 * mb, is: isJpeg },
  jpeg: { name: 'a JPEG image', most: 10 * mb, is: isJpeg },
  png: { name: 'a PNG image', most: 10 * mb, is: (bytes) => at(bytes, '\x89PNG\r\n\x1a\n') },
  webp: { name: 'a WebP image', most: 10 * mb, is: (bytes) => at(bytes, 'RIFF') && at(bytes, 'WEBP', 8) },
  pdf: {
    name: 'a whole PDF',
    most: 25 * mb,
    is: (bytes) => at(bytes, '%PDF-') && has(bytes.subarray(-2048), '%%EOF'),
  },
  pptx: { name: 'a PowerPoint file without macros', most: 40 * mb, is: office('ppt') },
  docx: { name: 'a Word file without macros', most: 25 * mb, is: office('word') },
  xlsx: { name: 'an Excel file without macros', most: 25 * mb, is: office('xl') },
  odp: {
    name: 'an OpenDocument presentation',
    most: 40 * mb,
    is: (bytes) =>
      at(bytes, 'PK\x03\x04') && at(bytes, 'mimetypeapplication/vnd.oasis.opendocument.presentation', 30),
  },
  mp3: {
    name: 'an MP3 file',
    most: 40 * mb,
    is: (bytes) => at(bytes, 'ID3') || (bytes[0] === 0xff && (bytes[1]! & 0xe6) === 0xe2),
  },
  m4a: { name: 'an M4A file', most: 40 * mb, is: (bytes) => at(bytes, 'ftyp', 4) },
  mp4: { name: 'an MP4 film', most: 48 * mb, is: (bytes) => at(bytes, 'ftyp', 4) },
  webm: {
    name: 'a WebM film',
    most: 48 * mb,
    is: (bytes) => at(bytes, '\x1aE\xdf\xa3') && has(bytes.subarray(0, 64), 'webm'),
  },
  vtt: {
    name: 'captions in WebVTT',
    most: mb,
    is: (bytes) => /^\uFEFF?WEBVTT(?:[ \t\r\n]|$)/.test(textOf(bytes) ?? ''),
  },
};

const mostText = mb;

/** Ends of names of what may be uploaded. */
export const uploadKinds = Object.keys(kinds);

/**
 * Why a file that the CMS sends cannot be taken, as a sentence that names it; undefined when it can. Uploads must be of the kind
 * that their name says, by their first bytes, and not too large; images must be decoded as well, in a process of their own.
 */
export async function uploadProblem(path: string, bytes: Buffer): Promise<string | undefined> {
  const name = path.split('/').at(-1)!;
  const end = name.split('.').at(-1)!.toLowerCase();
  if (end === 'mdoc' || end === 'yaml') return textProblem(name, bytes);
  const kind = Object.hasOwn(kinds, end) ? kinds[end] : undefined;
  if (!kind)
    return `“${name}” is of a kind that the site does not take. Upload a JPEG, PNG or WebP image, a PDF, slides, audio or a film.`;
  if (bytes.length > kind.most)
    return `“${name}” has ${megabytes(bytes.length)}. ${kind.name[0]!.toUpperCase()}${kind.name.slice(1)} may have ${megabytes(kind.most)} at most: make it smaller, or link to it elsewhere.`;
  if (!kind.is(bytes))
    return `“${name}” is not ${kind.name}, whatever its name says. Save it anew in the right format.`;
  return isImage.test(end) ? imageProblem(name, bytes) : undefined;
}

const isImage = /^(?:jpe?g|png|webp)$/;
const megabytes = (size: number) => `${Math.ceil((size / mb) * 10) / 10} MB`;

function textProblem(name: string, bytes: Buffer): string | undefined {
  if (bytes.length > mostText)
    return `“${name}” has ${megabytes(bytes.length)} of text. At most 1 MB fits: make two of it.`;
  return textOf(bytes) === undefined ? `“${name}” is not text.` : undefined;
}

/** Bytes as text; undefined when they are none. */
function textOf(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

const worker = 'src/domains/content/image-worker.ts';
const longestWorkMs = 15_000;

let turn: Promise<unknown> = Promise.resolve();

/** One image at a time: pages have to be answered meanwhile. */
function imageProblem(name: string, bytes: Buffer): Promise<string | undefined> {
  const mine = turn.then(() => decode(name, bytes));
  turn = mine.catch(() => {});
  return mine;
}

async function decode(name: string, bytes: Buffer): Promise<string | undefined> {
  const decoded = await drawApart(worker, bytes, longestWorkMs);
  if ('image' in decoded) return undefined;
  if (decoded.refused === 'too-many-pixels')
    return `“${name}” has more than 40 megapixels. Make it smaller: 2,000 pixels wide is plenty.`;
  return decoded.refused === 'too-slow'
    ? `“${name}” took too long to read. Save it anew as JPEG or PNG.`
    : `“${name}” cannot be read as an image, or is not whole. Open it, save it anew as JPEG or PNG, and try again.`;
}
