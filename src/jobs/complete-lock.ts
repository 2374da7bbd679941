import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Completes the lock file after a package was added. npm leaves out optional packages for other platforms that the
 * registry at hand does not have, and then refuses its own lock file (`npm ci`: Missing … from lock file). They are
 * written down by name, version and platform: where they are of no use they are skipped, elsewhere npm fetches them.
 */
type Locked = {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
};

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
const { packages } = lock;

/** Where npm would find `name` from a package at `place`. */
function found(place: string, name: string): Locked | undefined {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const candidate = packages[`${at ? `${at}/` : ''}node_modules/${name}`];
    if (candidate || !at) return candidate;
  }
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix'];
const processors = ['arm64', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el'];

/** The platform that a package’s name speaks of. */
function platformOf(name: string): Pick<Locked, 'os' | 'cpu' | 'libc'> {
  const os = /win32|windows/.test(name) ? 'win32' : systems.find((system) => name.includes(system));
  const cpu = /wasm/.test(name)
    ? 'wasm32'
    : (processors.find((processor) => name.includes(processor)) ?? (/arm/.test(name) ? 'arm' : undefined));
  const libc = name.includes('musl') ? 'musl' : os === 'linux' && name.includes('gnu') ? 'glibc' : undefined;
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }) };
}

for (const [place, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const known = found(place, name);
    if (!/^\d+\.\d+\.\d+/.test(version) || known?.version === version) continue;
    const where = known ? `${place}/node_modules/${name}` : `node_modules/${name}`;
    packages[where] = {
      version,
      ...(dev && { dev }),
      optional: true,
      ...platformOf(name.split('/').at(-1)!),
    };
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
