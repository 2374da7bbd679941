import path from 'node:path';
import type { AstroIntegration } from 'astro';
import { env } from '../../platform/env.ts';
import { imageAt } from '../content/images.ts';

/** Lets `npm run dev` answer the addresses of the content’s images, which a release has as files. */
export function imagesInDevelopment(): AstroIntegration {
  return {
    name: 'peersphere-images-in-development',
    hooks: {
      'astro:server:setup': ({ server }) => {
        server.middlewares.use((request, response, next) => {
          if (!request.url?.startsWith('/_astro/images/')) return next();
          imageAt(env.contentDir, request.url, path.join(env.dataDir, 'cache', 'images')).then(
            (bytes) => (bytes ? response.setHeader('Content-Type', 'image/webp').end(bytes) : next()),
            next,
          );
        });
      },
    },
  };
}
