import { mediaType } from '../lib/files.ts';

/** A file that somebody takes with them. Text is sent in UTF-8. */
export type Download = { fileName: string; bytes: Uint8Array<ArrayBuffer> | string };

/** The file as a response that no cache keeps and no browser shows as a page. */
export function asAttachment({ fileName, bytes }: Download): Response {
  return new Response(bytes, {
    headers: {
      'Content-Type': mediaType(fileName),
      'Content-Disposition': `attachment; filename="${fileName.replace(/[^\w.-]/g, '_')}"`,
      'Cache-Control': 'private, no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** Says that somebody has taken very many files, and when to come again. */
export const tooOften = (sentence: string, until: Date, now: Date) =>
  new Response(sentence, {
    status: 429,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Retry-After': String(Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000))),
    },
  });
