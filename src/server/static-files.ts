import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { mediaType } from '../lib/files.ts';

/** How a body is packed, best first. */
const encodings = ['br', 'zstd', 'gzip'] as const;
type Encoding = (typeof encodings)[number];

/** What stands behind the name of a file that was packed when the release was made. */
const endings: Record<Encoding, string> = { br: '.br', zstd: '.zst', gzip: '.gz' };

/** For releases that nobody packed. Browsers that take zstd take one of these as well. */
const pack = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
};

/** What a build is made of; files that editors uploaded have their types in `lib/files.ts`. */
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

const compressible = /^(?:text\/|application\/(?:json|xml|javascript)|image\/svg)/;
const worthPacking = 512;
const largestInMemory = 2 * 1024 * 1024;
/** Bodies that a process keeps in memory: several times what a site of two thousand pages sends in a day. */
const mostInMemory = 64 * 1024 * 1024;
/** Addresses without a file that a process remembers. */
const mostNowhere = 5_000;

/** One form of a file, ready to be sent: headers as a flat list of names and values. */
type Form = { headers: string[]; unchanged: string[]; etag: string; body: Buffer; wasUsed: boolean };

type StaticFile = {
  path: string;
  type: string;
  etag: string;
  size: number;
  isHashed: boolean;
  /** How it can be sent besides as it is. */
  packings: readonly Encoding[];
  forms: Partial<Record<Encoding | 'plain', Form>>;
  making: Map<Encoding | 'plain', Promise<Form>>;
};

/** What of a request a static answer depends on. */
export type Asked = {
  isHead: boolean;
  accepts: string | undefined;
  ifNoneMatch: string | undefined;
};

export type StaticFiles = {
  /**
   * Answers with a page or file that is in memory, in this very turn; false when it is not, or not there at all. The
   * address is one without a query.
   */
  serveAtOnce(response: ServerResponse, address: string, asked: Asked): boolean;
  /** Answers a GET or HEAD for a file of the release; false when there is none at that address. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    pathname: string,
    status?: number,
  ): Promise<boolean>;
};

/**
 * Serves the files below `root`, which must not change while it is served. Pages answer without a closing slash.
 * Sends ETag and 304, and single byte ranges (RFC 9110, section 14). Forms packed when the release was made (`.br`, `.zst`,
 * `.gz` beside the file) are taken; where there are none, brotli and gzip are made once. Each response carries
 * `headers` as well. What was not asked for the longest leaves memory when it holds more than `memory` bytes.
 */
export function staticFiles(
  root: string,
  headers: readonly (readonly [string, string])[] = [],
  memory = mostInMemory,
): StaticFiles {
  const known = new Map<string, Promise<StaticFile | undefined>>();
  /** Files by the only address that needs no decoding. */
  const atHand = new Map<string, StaticFile>();
  /** Where nothing was found: addresses of what is answered on demand, which would be looked for on the disk each time. */
  const nowhere = new Set<string>();
  const always = headers.flat();
  const inMemory = memoryOfForms(memory);

  async function find(decoded: string): Promise<StaticFile | undefined> {
    if (nowhere.has(decoded)) return undefined;
    const there = known.get(decoded); // one entry a file, however its address was written
    if (there) return there;
    const loading = load(root, decoded);
    known.set(decoded, loading);
    const forget = () => known.delete(decoded);
    loading.then((file) => {
      if (file) return;
      forget();
      if (nowhere.size >= mostNowhere) nowhere.clear(); // such addresses are endless
      if (decoded.length < 100) nowhere.add(decoded);
    }, forget);
    return loading;
  }

  /** A form of a file for as long as it is in memory; made once however many ask for it. */
  async function formOf(file: StaticFile, encoding: Encoding | 'plain'): Promise<Form> {
    const there = file.forms[encoding];
    if (there) return there;
    let making = file.making.get(encoding);
    if (!making) {
      making = makeForm(file, encoding, always);
      file.making.set(encoding, making);
      const done = () => file.making.delete(encoding);
      making.then((form) => {
        inMemory.add(file, encoding, form);
        done();
      }, done);
    }
    return making;
  }

  return {
    serveAtOnce(response, address, { isHead, accepts, ifNoneMatch }) {
      const file = atHand.get(address);
      if (!file) return false;
      const form = file.forms[file.packings.length > 0 ? bestOf(file.packings, accepts) : 'plain'];
      if (!form) return false;
      form.wasUsed = true;
      if (ifNoneMatch !== undefined && matches(ifNoneMatch, form.etag)) {
        response.writeHead(304, form.unchanged).end();
        return true;
      }
      response.writeHead(200, form.headers);
      if (isHead) response.end();
      else response.end(form.body);
      return true;
    },

    async serve(request, response, pathname, status = 200) {
      const decoded = safePath(pathname);
      const file = decoded ? await find(decoded) : undefined;
      if (!file) return false;
      if (status === 200 && decoded === pathname) atHand.set(pathname, file);
      const packing = bestOf(file.packings, request.headers['accept-encoding']);
      if (packing === 'plain' && (request.headers.range !== undefined || file.size > largestInMemory)) {
        await sendPart(request, response, file, status, always);
        return true;
      }
      const form = await formOf(file, packing);
      if (status === 200 && matches(request.headers['if-none-match'], form.etag))
        response.writeHead(304, form.unchanged).end();
      else {
        response.writeHead(status, form.headers);
        response.end(request.method === 'HEAD' ? undefined : form.body);
      }
      return true;
    },
  };
}

/** Keeps bodies up to `most` bytes; beyond, those leave that were not used since it last looked. */
function memoryOfForms(most: number) {
  const kept = new Set<{ file: StaticFile; encoding: Encoding | 'plain'; form: Form }>();
  let bytes = 0;
  return {
    add(file: StaticFile, encoding: Encoding | 'plain', form: Form) {
      file.forms[encoding] = form;
      kept.add({ file, encoding, form });
      bytes += form.body.length;
      for (const oldest of kept) {
        if (bytes <= most || kept.size === 1) break;
        kept.delete(oldest);
        if (oldest.form.wasUsed || oldest.form === form) {
          oldest.form.wasUsed = false;
          kept.add(oldest); // a set is walked in the order of adding, so this one comes again after the others
          continue;
        }
        delete oldest.file.forms[oldest.encoding];
        bytes -= oldest.form.body.length;
      }
    },
  };
}

/** The path of an address without percent signs; undefined where no file can stand: hidden, empty or strange parts. */
function safePath(pathname: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
  const strange = /[\0\\]|\/\/|\.(?:br|zst|gz)$/.test(decoded) || /(?:^|\/)\./.test(decoded);
  return strange ? undefined : decoded;
}

async function load(root: string, decoded: string): Promise<StaticFile | undefined> {
  const asked = path.join(root, decoded);
  if (asked !== root && !asked.startsWith(root + path.sep)) return undefined;
  const candidates = path.extname(asked) ? [asked] : [path.join(asked, 'index.html'), `${asked}.html`, asked];
  if (decoded.length > 1 && decoded.endsWith('/')) return undefined;
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(nothingThere);
    if (!found?.isFile()) continue;
    const isSmall = found.size <= largestInMemory;
    const fingerprint = isSmall ? await readFile(candidate) : `${candidate} ${found.size} ${found.mtimeMs}`;
    const type = types[path.extname(candidate)] ?? mediaType(candidate);
    const isPackable = compressible.test(type) && isSmall && found.size > worthPacking;
    return {
      path: candidate,
      type,
      etag: createHash('sha256').update(fingerprint).digest('base64url').slice(0, 22),
      size: found.size,
      isHashed: decoded.startsWith('/_astro/'),
      packings: isPackable ? await packingsOf(candidate) : [],
      forms: {},
      making: new Map(),
    };
  }
  return undefined;
}

/** How a file was packed when its release was made; where it was not, how we can. */
async function packingsOf(file: string): Promise<Encoding[]> {
  const there = await Promise.all(
    encodings.map((encoding) => stat(file + endings[encoding]).catch(nothingThere)),
  );
  const packed = encodings.filter((_, place) => there[place]?.isFile());
  return packed.length > 0 ? packed : ['br', 'gzip'];
}

/** A file that is not there is no error; a disk or a process at its limit is one. */
function nothingThere(error: NodeJS.ErrnoException): undefined {
  if (!['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(error.code ?? '')) throw error;
  return undefined;
}

async function makeForm(file: StaticFile, encoding: Encoding | 'plain', always: string[]): Promise<Form> {
  const body = await bodyOf(file, encoding);
  const etag = `"${file.etag}${encoding === 'plain' ? '' : `-${encoding}`}"`;
  const unchanged = [...cachingOf(file, etag), ...always];
  const headers = [
    'Content-Type',
    file.type,
    'Content-Length',
    String(body.length),
    ...(encoding === 'plain' ? ['Accept-Ranges', 'bytes'] : ['Content-Encoding', encoding]),
    ...unchanged,
  ];
  return { headers, unchanged, etag, body, wasUsed: true };
}

async function bodyOf(file: StaticFile, encoding: Encoding | 'plain'): Promise<Buffer> {
  if (encoding === 'plain') return readFile(file.path);
  const packed = await readFile(file.path + endings[encoding]).catch(nothingThere);
  if (packed) return packed;
  const plain = await readFile(file.path);
  return pack[encoding === 'gzip' ? 'gzip' : 'br'](plain);
}

function cachingOf(file: StaticFile, etag: string): string[] {
  return [
    'ETag',
    etag,
    'Cache-Control',
    file.isHashed ? 'public, max-age=31536000, immutable' : 'public, max-age=0, must-revalidate',
    ...(file.packings.length > 0 ? ['Vary', 'Accept-Encoding'] : []),
  ];
}

/** Sends a file as it is, or the part of it that was asked for, straight from disk. */
async function sendPart(
  request: IncomingMessage,
  response: ServerResponse,
  file: StaticFile,
  status: number,
  always: string[],
) {
  const etag = `"${file.etag}"`;
  const common = [...cachingOf(file, etag), ...always, 'Accept-Ranges', 'bytes'];
  if (status === 200 && matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304, common).end();
    return;
  }
  const isRanged =
    status === 200 && request.method === 'GET' && sameVersion(request.headers['if-range'], etag);
  const range = isRanged ? byteRange(request.headers.range, file.size) : undefined;
  const headers = ['Content-Type', file.type, ...common];
  if (range === 'unsatisfiable') {
    response
      .writeHead(416, [...headers, 'Content-Range', `bytes */${file.size}`, 'Content-Length', '0'])
      .end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 };
  if (range) headers.push('Content-Range', `bytes ${start}-${end}/${file.size}`);
  response.writeHead(range ? 206 : status, [...headers, 'Content-Length', String(end - start + 1)]);
  if (request.method === 'HEAD' || file.size === 0) response.end();
  else await pipeline(createReadStream(file.path, { start, end }), response).catch(() => response.destroy());
}

/** How often-seen values of Accept-Encoding were understood: browsers send a handful of different ones. */
const understood = new Map<string, ReadonlySet<Encoding>>();

/** The best packing that a client takes, by its Accept-Encoding (RFC 9110, section 12.5.3). */
function bestOf(packings: readonly Encoding[], accepts: string | undefined): Encoding | 'plain' {
  if (accepts === undefined || packings.length === 0) return 'plain';
  let taken = understood.get(accepts);
  if (!taken) {
    taken = takenEncodings(accepts);
    if (understood.size < 100) understood.set(accepts, taken);
  }
  for (const packing of packings) if (taken.has(packing)) return packing;
  return 'plain';
}

function takenEncodings(header: string): ReadonlySet<Encoding> {
  const offers = header.split(',').map((offer) => offer.trim().toLowerCase().replace(/\s/g, ''));
  const takes = (name: string) =>
    offers.some((offer) => offer === name || (offer.startsWith(`${name};`) && !/;q=0(?:\.0+)?$/.test(offer)));
  return new Set(encodings.filter(takes));
}

function matches(header: string | undefined, etag: string): boolean {
  if (!header) return false;
  return header.split(',').some((value) => value.trim().replace(/^W\//, '') === etag || value.trim() === '*');
}

/** A part is only of use beside parts of the same version (RFC 9110, section 13.1.5). */
const sameVersion = (header: string | string[] | undefined, etag: string) =>
  header === undefined || header === etag;

function byteRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!parts || (!parts[1] && !parts[2])) return undefined;
  const start = parts[1] ? Number(parts[1]) : Math.max(0, size - Number(parts[2]));
  const end = parts[1] && parts[2] ? Math.min(Number(parts[2]), size - 1) : size - 1;
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}
