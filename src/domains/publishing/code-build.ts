import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** What `renderer/code.json` of a code build says. */
export type CodeBuild = {
  /** Another one for other code, or another key of its islands. */
  id: string;
  /** File in `renderer/` that starts it. */
  entry: string;
  /** Styles of each page, in the shape that Astro’s renderer asks for. */
  pages: { key: string; styles: unknown[] }[];
};

/** Reads what a code build says of itself. Throws when `codeDir` holds none. */
export async function readCodeBuild(codeDir: string): Promise<CodeBuild> {
  return JSON.parse(await readFile(path.join(codeDir, 'renderer', 'code.json'), 'utf8')) as CodeBuild;
}

/** Address of the program that a code build keeps (`src/jobs/release-program.ts`), to import it by. */
export function programOf(codeDir: string, { entry }: CodeBuild): string {
  return pathToFileURL(path.join(codeDir, 'renderer', entry)).href;
}
