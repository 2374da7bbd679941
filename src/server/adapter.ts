import type { AstroAdapter, AstroIntegration } from 'astro';

/** Astro’s Node adapter with our own server half, `astro-entry.ts`. */
export function withOwnEntry(adapter: AstroIntegration): AstroIntegration {
  const done = adapter.hooks['astro:config:done']!;
  return {
    ...adapter,
    hooks: {
      ...adapter.hooks,
      'astro:config:done': (options) =>
        done({
          ...options,
          setAdapter: (theirs) =>
            options.setAdapter({
              ...theirs,
              serverEntrypoint: new URL('./astro-entry.ts', import.meta.url),
            } as AstroAdapter),
        }),
    },
  };
}
