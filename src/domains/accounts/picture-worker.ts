import { drawUpload } from '../../platform/draw-upload.ts';

/** A process of its own that makes one picture a square WebP: `drawApart`. */

const side = 512;

await drawUpload((picture) =>
  picture
    .autoOrient()
    .resize(side, side, { fit: 'cover', position: 'attention' })
    .flatten({ background: '#ffffff' })
    .webp({ quality: 82 }),
);
