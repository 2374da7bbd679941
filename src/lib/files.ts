/** The name people download a file by: its entry's, whatever the upload was called, so that its address holds. */
export function publicFileName(slug: string, fileName: string): string {
  return `${slug}.${extensionOf(fileName)}`;
}

/** Public address of a file that editors uploaded. */
export function fileHref(slug: string, fileName: string): string {
  return `/files/${slug}/${publicFileName(slug, fileName)}`;
}

const types: Record<string, { name: string; type: string }> = {
  pdf: { name: 'PDF', type: 'application/pdf' },
  mp4: { name: 'Film', type: 'video/mp4' },
  webm: { name: 'Film', type: 'video/webm' },
  mp3: { name: 'Audio', type: 'audio/mpeg' },
  m4a: { name: 'Audio', type: 'audio/mp4' },
  odp: { name: 'Presentation', type: 'application/vnd.oasis.opendocument.presentation' },
  csv: { name: 'CSV', type: 'text/csv; charset=utf-8' },
  zip: { name: 'ZIP', type: 'application/zip' },
  vtt: { name: 'Captions', type: 'text/vtt; charset=utf-8' },
  docx: { name: 'Word', type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' },
  pptx: {
    name: 'PowerPoint',
    type: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  },
  xlsx: { name: 'Excel', type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' },
  png: { name: 'Image', type: 'image/png' },
  jpg: { name: 'Image', type: 'image/jpeg' },
  jpeg: { name: 'Image', type: 'image/jpeg' },
  webp: { name: 'Image', type: 'image/webp' },
};

const extensionOf = (fileName: string) => fileName.split('.').at(-1)?.toLowerCase() ?? '';

/** What people call a file of this kind: `PDF`, `Film`. */
export function extensionName(fileName: string): string {
  return types[extensionOf(fileName)]?.name ?? extensionOf(fileName).toUpperCase();
}

/** The media type to serve a file with; unknown kinds are plain bytes. */
export function mediaType(fileName: string): string {
  return types[extensionOf(fileName)]?.type ?? 'application/octet-stream';
}

/** Whether the site offers files of this kind: none that a browser would run. */
export function isKnownKind(fileName: string): boolean {
  return Object.hasOwn(types, extensionOf(fileName));
}
