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
