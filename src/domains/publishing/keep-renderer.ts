import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import type { CodeBuild } from './code-build.ts';
import { filesBelow } from './release-files.ts';

/**
 * Makes a code build of Astro’s build: nothing is rendered, and the bundle that would have rendered static pages is kept
 * in `renderer/`, with our program that makes releases. No content is bundled; the renderer is given it, and the server
 * finds it in its release.
 */
export function keepRenderer(): AstroIntegration {
  let outDir = '';
  let pages: ReadonlyMap<string, CodeBuild['pages'][number]> = new Map();
  return {
    name: 'peersphere-keep-renderer',
    hooks: {
      'astro:config:setup': ({ updateConfig }) => {
        updateConfig({ vite: { plugins: [contentFromOutside, releaseProgram] } });
      },
      'astro:config:done': ({ config }) => {
        outDir = fileURLToPath(config.outDir);
      },
      'astro:build:setup': ({ pages: found }) => {
        pages = found; // they get their styles while the bundles are made
      },
      'astro:build:start': ({ setPrerenderer }) => {
        setPrerenderer({
          name: 'peersphere-kept',
          getStaticPaths: async () => [], // a release renders them
          render: () => Promise.reject(new Error('A code build renders nothing.')),
          teardown: async () => {
            const renderer = path.join(outDir, 'renderer');
            await cp(path.join(outDir, 'server', '.prerender'), renderer, { recursive: true });
            const entry = (await readdir(renderer)).find((file) => /^prerender-entry.*\.mjs$/.test(file));
            if (!entry) throw new Error('Astro has written no renderer to keep.');
            const code: CodeBuild = {
              id: await hashOfFolder(outDir),
              entry,
              pages: [...pages.values()].map(({ key, styles }) => ({ key, styles })),
            };
            await writeFile(path.join(renderer, 'code.json'), JSON.stringify(code));
          },
        });
      },
    },
  };
}

const source = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** A Vite plugin: what Astro would take from a bundled store of content comes from `platform/published.ts`. */
const contentFromOutside = {
  name: 'peersphere-content-from-outside',
  resolveId: {
    order: 'pre' as const,
    filter: { id: /^astro:data-layer-content$/ },
    handler: () => '\0peersphere:content',
  },
  load: {
    order: 'pre' as const,
    filter: { id: /^\0peersphere:content$/ },
    handler: () =>
      `import { publishedCollections } from ${JSON.stringify(source('platform/published.ts'))};\nexport default publishedCollections();`,
  },
};

/** Packages that the program finds in `node_modules`: they bring binaries or files, or look around themselves. */
const notBundled = [
  'sharp',
  '@resvg/resvg-js',
  'satori',
  'pagefind',
  'pino',
  '@node-rs/argon2',
  '@libsql/client',
];

/** A Vite plugin: the bundle for static pages starts with our program, and needs few files besides. */
const releaseProgram = {
  name: 'peersphere-release-program',
  configEnvironment(name: string) {
    if (name !== 'prerender') return undefined;
    return {
      build: { rolldownOptions: { input: source('jobs/release-program.ts') } },
      resolve: { noExternal: true as const, external: notBundled },
    };
  },
};

async function hashOfFolder(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await filesBelow(folder))
    hash.update(`${file}\0`).update(await readFile(path.join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}
