import { drawUpload } from '../../platform/draw-upload.ts';

/** A process of its own that decodes one uploaded image, to see whether it may be taken: `drawApart`. */

await drawUpload((image) => image.resize(16, 16, { fit: 'fill' }).raw());
