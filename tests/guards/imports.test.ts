import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

type Import = { from: string; to: string; typeOnly: boolean };

const sourceFiles = ['src', 'db'].flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join(root, file.replaceAll(path.sep, '/')))
    .filter((file) => /\.(?:ts|tsx|astro|mjs)$/.test(file) && !/\.test\.ts$/.test(file)),
);

const imports: Import[] = sourceFiles.flatMap((from) => {
  const source = readFileSync(from, 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g;
  return [...source.matchAll(pattern)].map(([, type, named, dynamic]) => ({
    from,
    to: resolved(from, named ?? dynamic ?? ''),
    typeOnly: Boolean(type),
  }));
});

function resolved(from: string, specifier: string): string {
  if (specifier.startsWith('.'))
    return path.posix.normalize(path.posix.join(path.posix.dirname(from), specifier));
  return specifier.replace(/^#/, '');
}

/** The room of a file: how far down it stands. A file may import from its own room and from rooms below. */
const rooms: [string, RegExp, number][] = [
  [
    'entries',
    /^src\/(?:pages|actions|middleware|jobs|server|content\.config\.ts|env\.d\.ts)|^db\/(?:seed|migrate\.ts)/,
    9,
  ],
  ['domain ui', /^src\/domains\/[^/]+\/ui\//, 8],
  ['shared ui', /^src\/ui\//, 7],
  ['domains', /^src\/domains\/[^/]+\/(?:emails\/[^/]+|(?!model\.ts)[^/]+)$/, 6],
  ['collections', /^src\/collections\//, 5],
  ['database client', /^db\/(?:client|remote|unavailable|write-queue|json-row|prepared|schema)/, 4],
  ['platform', /^src\/platform\//, 3],
  ['words', /^src\/(?:domains\/[^/]+\/model\.ts|lib\/)/, 1],
];

const roomOf = (file: string) => rooms.find(([, pattern]) => pattern.test(file));

/** Whose domain stands on whose. A domain imports those in earlier rows only; `site` composes all of them. */
const ladder = [
  ['audit', 'content', 'search'],
  ['mail', 'publishing'],
  ['accounts'],
  ['notifications'],
  ['schools', 'admissions', 'resources', 'handbooks'],
  ['communities'],
  ['live-sessions'],
  ['attendance', 'launch-kit', 'support-groups', 'discussions', 'hosting'],
  ['site'],
];
const rungOf = (domain: string) => ladder.findIndex((rung) => rung.includes(domain));
const domainOf = (file: string) => /^src\/domains\/([^/]+)\//.exec(file)?.[1];

const describeImport = ({ from, to }: Import) => `${from} imports ${to}`;

describe('imports', () => {
  test('are found at all', () => {
    expect(imports.length).toBeGreaterThan(150);
  });

  test('every source file has a room', () => {
    expect(sourceFiles.filter((file) => !roomOf(file))).toEqual([]);
  });

  test('point down, from each room to its own or a lower one', () => {
    const upward = imports.filter(({ from, to, typeOnly }) => {
      const target = roomOf(to);
      return !typeOnly && target && roomOf(from)![2] < target[2];
    });
    expect(upward.map(describeImport)).toEqual([]);
  });

  test('between domains go down the ladder', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [here, there] = [domainOf(from), domainOf(to)];
      if (!here || !there || here === there || /\/model\.ts$/.test(to)) return false;
      return rungOf(here) <= rungOf(there);
    });
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test('every domain stands on the ladder', () => {
    const domains = new Set(sourceFiles.map(domainOf).filter((domain) => domain !== undefined));
    expect([...domains].filter((domain) => rungOf(domain) < 0)).toEqual([]);
  });

  test('of Astro’s own modules stand only in pages, actions, middleware, ui and the content configuration', () => {
    const allowed = /^src\/(?:pages|actions|middleware|ui|content\.config\.ts)|^src\/domains\/[^/]+\/ui\//;
    const wrong = imports.filter(
      ({ from, to, typeOnly }) => to.startsWith('astro:') && !typeOnly && !allowed.test(from),
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });

  test('in the browser’s code stay with the browser’s', () => {
    const inBrowser = imports.filter(
      ({ from }) => /\/client\/[^/]+\.tsx?$/.test(from) && !from.includes('Editor.tsx'),
    );
    const allowed =
      /^(?:react|reveal\.js|astro:actions|src\/lib\/|src\/ui\/|src\/domains\/[^/]+\/(?:model|inputs)\.ts|src\/domains\/[^/]+\/ui\/client\/)/;
    expect(inBrowser.filter(({ to }) => !allowed.test(to)).map(describeImport)).toEqual([]);
  });

  test('words and the library touch nothing outside of themselves', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        roomOf(from)![0] === 'words' &&
        !typeOnly &&
        !/^src\/(?:lib\/|domains\/[^/]+\/model\.ts)|^@markdoc\/markdoc$|^astro\/zod$/.test(to),
    );
    expect(wrong.map(describeImport)).toEqual([]);
  });
});

test('only platform/env.ts reads the environment', () => {
  const reading = /process\.env(?!\['[A-Z_]+'\] = )/; // setting a variable for a program that we start is no reading
  const readers = sourceFiles.filter((file) => reading.test(readFileSync(file, 'utf8')));
  expect(readers).toEqual(['src/platform/env.ts']);
});

test('domains are told the time and never ask for it', () => {
  const domains = sourceFiles.filter((file) => file.startsWith('src/domains/') && file.endsWith('.ts'));
  expect(domains.filter((file) => /new Date\(\)|Date\.now\(\)/.test(readFileSync(file, 'utf8')))).toEqual([]);
});

test('a page only loads, says what is not there, and renders', () => {
  const pages = sourceFiles.filter((file) => file.startsWith('src/pages/') && file.endsWith('.astro'));
  const long = pages.filter((file) => {
    const front = /^---\n([\s\S]*?)\n---/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    const lines = front.replace(/^import [^;]*;$/gm, '').split('\n');
    return lines.filter((line) => line.trim()).length > 15;
  });
  expect(long).toEqual([]);
});
