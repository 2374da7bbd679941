/** A page of a preview: nobody else sees it, and no search engine keeps it. 404 where there is none. */
export function pageAnswer(page: { html: string; status: number } | undefined): Response {
  if (!page) return new Response(null, { status: 404 });
  return new Response(page.html, {
    status: page.status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'X-Robots-Tag': 'noindex' },
  });
}

/** A picture as somebody uploaded it; 404 where there is none. */
export function imageAnswer(image: { bytes: Buffer; file: string } | undefined): Response {
  if (!image) return new Response(null, { status: 404 });
  const kind = image.file.split('.').at(-1)!.toLowerCase();
  return new Response(new Uint8Array(image.bytes), {
    headers: {
      'Content-Type': kind === 'png' ? 'image/png' : kind === 'webp' ? 'image/webp' : 'image/jpeg',
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Content-Type-Options': 'nosniff',
    },
  });
}
