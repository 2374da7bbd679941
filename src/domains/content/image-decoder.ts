import sharp from 'sharp';

/**
 * sharp, which in a process that imports this reads JPEG, PNG and WebP only: what was pushed to the remote copy of the content
 * comes here without having been looked at, and the decoders of other formats are no place for it.
 */
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp'].flatMap((format) => [
    `VipsForeignLoad${format}File`,
    `VipsForeignLoad${format}Buffer`,
  ]),
});

export { sharp };
