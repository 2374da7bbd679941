import path from 'node:path';
import type { RouteData } from 'astro';
import { type Published, publish } from '../../platform/published.ts';
import { programOf, readCodeBuild } from './code-build.ts';
import { withSteadyIslands } from './steady-islands.ts';

/** A static address of the site, without slash at its end, and whether it is a page people read. */
export type StaticPath = { pathname: string; isPage: boolean; route: RouteData };

export type Renderer = {
  /** Every static address that the content makes. Throws where two make the same. */
  paths(): Promise<StaticPath[]>;
  /** What stands at a static address; undefined where the route answers with nothing. Throws what the page throws. */
  render(at: StaticPath): Promise<Buffer | undefined>;
};

/** The parts of Astro that its own build renders static pages with (astro/dist/core/build/generate.js). */
type StaticProgram = {
  app: {
    setInternals(internals: unknown): void;
    setOptions(options: unknown): void;
    render(request: Request, options: { routeData: RouteData }): Promise<Response>;
  };
  StaticPaths: new (app: unknown) => { getAll(): Promise<{ pathname: string; route: RouteData }[]> };
};

/**
 * The renderer of a code build, for one content: a process can have one only, since the bundle keeps what it has read.
 * `siteUrl` is the origin of the site.
 */
export async function openRenderer(codeDir: string, content: Published, siteUrl: string): Promise<Renderer> {
  publish(content);
  const code = await readCodeBuild(codeDir);
  const { app, StaticPaths } = (await import(/* @vite-ignore */ programOf(codeDir, code))) as StaticProgram;
  app.setInternals({
    pagesByKeys: new Map(code.pages.map((page) => [page.key, page])),
    entrySpecifierToBundleMap: new Map(),
  });
  app.setOptions({ settings: { scripts: [] }, logger: { options: { destination: { write: complain } } } });
  return {
    paths: async () => {
      const found = await new StaticPaths(app).getAll();
      const taken = new Map<string, RouteData>();
      for (const { pathname, route } of found) {
        const other = taken.get(pathname);
        if (other)
          throw new Error(`${pathname} is made twice: by ${other.component} and ${route.component}.`);
        taken.set(pathname, route);
      }
      return found.map(({ pathname, route }) => ({ pathname, isPage: route.type === 'page', route }));
    },
    render: async ({ pathname, route }) => {
      const url = new URL(encodeURI(pathname), siteUrl);
      const response = await withSteadyIslands(pathname, () =>
        app.render(new Request(url), { routeData: route }),
      ).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`The page ${pathname} cannot be rendered: ${reason}`, { cause: error });
      });
      if (response.status >= 300 && response.status < 400)
        throw new Error(`${pathname} redirects, which a static page of this site cannot.`);
      return response.body ? Buffer.from(await response.arrayBuffer()) : undefined;
    },
  };
}

/** File of a static address below `client/`, as Astro’s build names it. */
export function outputFile({ pathname, isPage }: Pick<StaticPath, 'pathname' | 'isPage'>): string {
  const file = pathname.replace(/^\/+/, '');
  if (!isPage) return file;
  return file === '404' || file === '500' ? `${file}.html` : path.posix.join(file, 'index.html');
}

function complain({ level, message }: { level: string; message: string }) {
  if (level === 'warn' || level === 'error') process.stderr.write(`${message}\n`);
}
