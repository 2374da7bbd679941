import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { mediaType } from '../lib/files.ts';

const compress = {
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
const largestInMemory = 2 * 1024 * 1024;

type StaticFile = {
  path: string;
  type: string;
  etag: string;
  size: number;
  body?: Buffer;
  packed: Map<string, Promise<Buffer>>;
};

export type StaticFiles = {
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
 * Sends ETag and 304, compressed forms made once and kept in memory, and single byte ranges (RFC 9110, section 14).
 */
export function staticFiles(root: string): StaticFiles {
  const known = new Map<string, Promise<StaticFile | undefined>>();

  async function find(pathname: string): Promise<StaticFile | undefined> {
    const decoded = safePath(pathname);
    if (!decoded) return undefined;
    let found = known.get(decoded); // one entry a file, however its address was written
    if (!found) {
      found = load(root, decoded);
      known.set(decoded, found);
      const forget = () => known.delete(decoded); // addresses that lead nowhere are endless
      found.then((file) => file || forget(), forget);
    }
    return found;
  }

  return {
    async serve(request, response, pathname, status = 200) {
      const file = await find(pathname);
      if (!file) return false;
      await send(request, response, file, pathname, status);
      return true;
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
  const strange = /[\0\\]|\/\//.test(decoded) || decoded.split('/').some((part) => part.startsWith('.'));
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
    const body = found.size <= largestInMemory ? await readFile(candidate) : undefined;
    const fingerprint = body ?? `${candidate} ${found.size} ${found.mtimeMs}`;
    return {
      path: candidate,
      type: types[path.extname(candidate)] ?? mediaType(candidate),
      etag: createHash('sha256').update(fingerprint).digest('base64url').slice(0, 22),
      size: found.size,
      ...(body && { body }),
      packed: new Map(),
    };
  }
  return undefined;
}

/** A file that is not there is no error; a disk or a process at its limit is one. */
function nothingThere(error: NodeJS.ErrnoException): undefined {
  if (!['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(error.code ?? '')) throw error;
  return undefined;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: StaticFile,
  pathname: string,
  status: number,
) {
  const encoding =
    file.body && compressible.test(file.type) && file.size > 512
      ? accepted(request.headers['accept-encoding'])
      : undefined;
  const etag = `"${file.etag}${encoding ? `-${encoding}` : ''}"`;
  response.setHeader('Content-Type', file.type);
  response.setHeader('ETag', etag);
  response.setHeader(
    'Cache-Control',
    pathname.startsWith('/_astro/')
      ? 'public, max-age=31536000, immutable'
      : 'public, max-age=0, must-revalidate',
  );
  if (compressible.test(file.type)) response.setHeader('Vary', 'Accept-Encoding');
  if (status === 200 && matches(request.headers['if-none-match'], etag)) {
    response.writeHead(304).end();
    return;
  }
  if (encoding) {
    let packed = file.packed.get(encoding);
    if (!packed) {
      packed = compress[encoding](file.body!);
      file.packed.set(encoding, packed);
    }
    const body = await packed;
    response.setHeader('Content-Encoding', encoding);
    response.setHeader('Content-Length', body.length);
    response.writeHead(status).end(request.method === 'HEAD' ? undefined : body);
    return;
  }
  response.setHeader('Accept-Ranges', 'bytes');
  const ranged = status === 200 && request.method === 'GET' && sameVersion(request.headers['if-range'], etag);
  const range = ranged ? byteRange(request.headers.range, file.size) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${file.size}`);
    response.writeHead(416).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 };
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${file.size}`);
  response.setHeader('Content-Length', end - start + 1);
  response.writeHead(range ? 206 : status);
  if (request.method === 'HEAD') response.end();
  else if (file.body) response.end(file.body.subarray(start, end + 1));
  else await pipeline(createReadStream(file.path, { start, end }), response).catch(() => response.destroy());
}

function accepted(header: string | undefined): 'br' | 'gzip' | undefined {
  const offers = (header ?? '').split(',').map((offer) => offer.trim().toLowerCase().replace(/\s/g, ''));
  const takes = (name: string) =>
    offers.some((offer) => offer === name || (offer.startsWith(`${name};`) && !/;q=0(?:\.0+)?$/.test(offer)));
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : undefined;
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
