import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib';
import type { ReleaseFiles } from './release-files.ts';

const compressible = /\.(?:html|css|m?js|json|xml|txt|svg|vtt)$/;
const packed = /\.(?:br|gz|zst)$/;
/** A smaller file is sent as it is: one packet takes it anyway. */
const leastBytes = 512;
/** Above this, the last percent of brotli costs seconds. */
const mostForBest = 200_000;

const pack = {
  br: (bytes: Buffer, best: boolean) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: best ? 11 : 9,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        [constants.BROTLI_PARAM_LGWIN]: windowFor(bytes), // a larger one costs more memory than the file
      },
    }),
  gz: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
  zst: (bytes: Buffer) =>
    promisify(zstdCompress)(bytes, {
      pledgedSrcSize: bytes.length, // or each file costs tens of megabytes of memory
      params: { [constants.ZSTD_c_compressionLevel]: 12 },
    }),
};

const windowFor = (bytes: Buffer) =>
  Math.min(constants.BROTLI_DEFAULT_WINDOW, Math.max(16, Math.ceil(Math.log2(bytes.length + 16))));

const forms = Object.keys(pack) as (keyof typeof pack)[];

/** Files that stand beside a file of the release in a packed form: `about/index.html.br`. */
export const packedForms = (file: string) => forms.map((form) => `${file}.${form}`);

/** Whether a file is only the packed form of another. */
export const isPackedForm = (file: string) =>
  packed.test(file) && compressible.test(file.replace(packed, ''));

/**
 * Puts packed forms (brotli, gzip, zstd) beside every file of `client/` that they make smaller. Those of files that are as
 * they were in the release before are taken from there.
 */
export async function packFiles(
  folder: string,
  files: ReleaseFiles,
  concerning: readonly string[],
): Promise<void> {
  const todo = concerning.filter((file) => compressible.test(file));
  const worker = async () => {
    for (let file = todo.pop(); file; file = todo.pop()) await packFile(folder, files, file);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

async function packFile(folder: string, files: ReleaseFiles, file: string) {
  const { print } = files.list[file]!;
  if (files.before[file]?.print === print && (await keepForms(files, file, print))) return;
  const bytes = await readFile(path.join(folder, file));
  if (bytes.length < leastBytes) return;
  const best = /(?:^|\/)_astro\//.test(file) && bytes.length <= mostForBest;
  for (const form of forms) {
    const made = await pack[form](bytes, best);
    if (made.length < bytes.length) await files.put(`${file}.${form}`, made, `${form}:${print}`);
  }
}

/** Whether the release before has packed forms of the same file; they stand here then. */
async function keepForms(files: ReleaseFiles, file: string, print: string): Promise<boolean> {
  const kept = await Promise.all(forms.map((form) => files.keep(`${file}.${form}`, `${form}:${print}`)));
  return kept.every(Boolean);
}
