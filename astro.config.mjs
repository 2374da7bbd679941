import { fileURLToPath } from 'node:url';
import node from '@astrojs/node';
import react from '@astrojs/react';
import { defineConfig, fontProviders } from 'astro/config';
import { imagesInDevelopment } from './src/domains/publishing/images-in-development.ts';
import { withoutRemoteFont } from './src/domains/publishing/without-remote-font.ts';
import { env } from './src/platform/env.ts';
import { withOwnEntry } from './src/server/adapter.ts';

/** @param {string} file */
const fontFile = (file) => fileURLToPath(new URL(`./node_modules/${file}`, import.meta.url));

export default defineConfig({
  site: env.siteUrl,
  output: 'static',
  trailingSlash: 'never',
  // What fails while a page is drawn is a whole page that says so, not half a page: nothing is streamed.
  adapter: withOwnEntry(node({ mode: 'middleware', experimentalDisableStreaming: true })),
  session: false,
  integrations: [react(), imagesInDevelopment()],
  compressHTML: true,
  scopedStyleStrategy: 'where',
  devToolbar: { enabled: false },
  markdown: { syntaxHighlight: false },
  prefetch: false,
  build: { inlineStylesheets: 'always' }, // a page paints after one request, also far away
  server: { host: env.host, port: env.port },
  security: {
    checkOrigin: false, // ours is stricter and lets one-click unsubscribing through: middleware/same-origin.ts
    allowedDomains: [{ hostname: new URL(env.siteUrl).hostname }],
    csp: {
      directives: [
        "default-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
      ],
      scriptDirective: { resources: ["'self'", "'wasm-unsafe-eval'"] },
    },
  },
  vite: {
    build: { chunkSizeWarningLimit: 6000 }, // Keystatic’s interface is one large chunk, for editors only
    plugins: [withoutRemoteFont],
    optimizeDeps: { rolldownOptions: { plugins: [withoutRemoteFont] } },
  },
  fonts: [
    {
      name: 'Young Serif',
      cssVariable: '--font-young-serif',
      provider: fontProviders.local(),
      fallbacks: ['Georgia', 'serif'],
      options: {
        variants: [
          {
            weight: '400',
            style: 'normal',
            src: [fontFile('@fontsource/young-serif/files/young-serif-latin-400-normal.woff2')],
          },
        ],
      },
    },
    {
      name: 'Figtree',
      cssVariable: '--font-figtree',
      provider: fontProviders.local(),
      fallbacks: ['system-ui', 'sans-serif'],
      options: {
        variants: [
          {
            weight: '300 900',
            style: 'normal',
            src: [fontFile('@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2')],
          },
        ],
      },
    },
  ],
});
