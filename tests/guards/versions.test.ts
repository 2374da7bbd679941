import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

type Lock = {
  packages: Record<
    string,
    {
      version?: string;
      resolved?: string;
      integrity?: string;
      hasInstallScript?: boolean;
      os?: string[];
      cpu?: string[];
      libc?: string[];
      optionalDependencies?: Record<string, string>;
    }
  >;
};
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;

/** Below these versions stand known holes: see the libraries' own advisories. */
const floors: Record<string, [number, number, number]> = {
  astro: [7, 3, 5],
  '@astrojs/node': [11, 1, 6],
  '@libsql/client': [0, 18, 0],
  sharp: [0, 35, 4],
};

test.each(Object.keys(floors))('every copy of %s is new enough to be safe', (name) => {
  const versions = Object.entries(packages)
    .filter(([place]) => place.endsWith(`node_modules/${name}`))
    .map(([, { version = '0.0.0' }]) => version.split('.').map(Number));
  expect(versions.length).toBeGreaterThan(0);
  const [major, minor, patch] = floors[name]!;
  for (const [a = 0, b = 0, c = 0] of versions)
    expect(
      a > major || (a === major && (b > minor || (b === minor && c >= patch))),
      `${name} ${a}.${b}.${c}`,
    ).toBe(true);
});

test('every package is one exact version, known by its hash', () => {
  const loose = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+/.test(version)),
  );
  expect(loose).toEqual([]);
  // What is made for other machines than Linux on x64 may lack its hash: not every registry has it.
  const unknown = Object.entries(packages).filter(
    ([place, { integrity, os = ['linux'], cpu = ['x64'], libc = ['glibc'] }]) =>
      place && !integrity && os.includes('linux') && cpu.includes('x64') && libc.includes('glibc'),
  );
  expect(unknown.map(([place]) => place)).toEqual([]);
});

test('only packages that we know of run anything when they are installed', () => {
  const scripts = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript);
  expect([...new Set(scripts.map(([place]) => place.replace(/^.*node_modules\//, '')))].sort()).toEqual([
    'esbuild',
  ]);
});

test('the lock file names every optional package, or npm ci refuses it', () => {
  const names = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')));
  const missing = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => !names.has(name)),
  );
  expect(missing, 'npm run add completes the lock file').toEqual([]);
});
