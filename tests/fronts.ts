import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server of ours in front of the site, started from its example in docs/deploy. */
export type Front = { url: string; stop(): Promise<void> };

/** What the example is told about this machine. */
export type FrontOptions = {
  port: number;
  /** Where the site itself answers. */
  sitePort: number;
  /** Folder with the files of the release. */
  client: string;
};

const examples = path.resolve('docs/deploy');
const brotliModule = '/usr/lib/nginx/modules/ngx_http_brotli_static_module.so';

/** Whether this machine has the program. Debian has both, CI need not. */
export const has = (program: 'nginx' | 'caddy') =>
  spawnSync(program, [program === 'nginx' ? '-v' : 'version'], { stdio: 'ignore' }).status === 0;

/** Starts nginx with `docs/deploy/nginx.conf`, without https and with the addresses of this machine. */
export async function startNginx({ port, sitePort, client }: FrontOptions): Promise<Front> {
  const home = await mkdtemp(path.join(tmpdir(), 'nginx-'));
  const example = (await readFile(path.join(examples, 'nginx.conf'), 'utf8'))
    .replace(/^server \{\n {4}listen 80;[\s\S]*?^\}\n/m, '')
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`)
    .replace(/^.*ssl_certificate.*\n/gm, '')
    .replace('server 127.0.0.1:4321;', `server 127.0.0.1:${sitePort};`)
    .replace(/root \S+;/, `root ${client};`)
    .replaceAll(
      'snippets/peersphere-security-headers.conf',
      path.join(examples, 'nginx-security-headers.conf'),
    )
    .replaceAll('proxy_set_header Host $host;', `proxy_set_header Host 127.0.0.1:${sitePort};`)
    .replace(/^.*brotli_static on;\n/m, existsSync(brotliModule) ? 'brotli_static on;\n' : '');
  return startNginxWith(home, example, port);
}

/** Starts nginx with nothing but the files: what the example is measured against. */
export async function startPlainNginx({ port, client }: Omit<FrontOptions, 'sitePort'>): Promise<Front> {
  const home = await mkdtemp(path.join(tmpdir(), 'nginx-'));
  const packed = existsSync(brotliModule) ? 'brotli_static on;' : '';
  const server = `server {
    listen 127.0.0.1:${port};
    root ${client};
    types { text/html html; }
    gzip_static on;
    ${packed}
    location / { try_files $uri $uri/index.html =404; }
  }`;
  return startNginxWith(home, server, port);
}

async function startNginxWith(home: string, servers: string, port: number): Promise<Front> {
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${home}/${name};`)
    .join('\n');
  await writeFile(
    path.join(home, 'nginx.conf'),
    [
      ...(existsSync(brotliModule) ? [`load_module ${brotliModule};`] : []),
      ...(process.getuid?.() === 0 ? ['user root root;'] : []),
      'worker_processes 1;',
      'daemon off;',
      `pid ${home}/pid;`,
      `error_log ${home}/error.log;`,
      'events { worker_connections 4096; }',
      `http {\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n${folders}\n${servers}\n}`,
    ].join('\n'),
  );
  return start(
    'nginx',
    ['-e', path.join(home, 'error.log'), '-c', path.join(home, 'nginx.conf')],
    port,
    home,
  );
}

/** Starts Caddy with `docs/deploy/Caddyfile`, in the same way. */
export async function startCaddy({ port, sitePort, client }: FrontOptions): Promise<Front> {
  const home = await mkdtemp(path.join(tmpdir(), 'caddy-'));
  const example = (await readFile(path.join(examples, 'Caddyfile'), 'utf8'))
    .replace(/^peers\.example\.org \{/m, `http://127.0.0.1:${port} {`)
    .replace(/root \* \S+/, `root * ${client}`)
    .replace(
      'reverse_proxy 127.0.0.1:4321 {',
      `reverse_proxy 127.0.0.1:${sitePort} {\n\t\t\theader_up Host 127.0.0.1:${sitePort}`,
    );
  await writeFile(path.join(home, 'Caddyfile'), `{\n\tadmin off\n\tauto_https off\n}\n${example}`);
  const args = ['run', '--adapter', 'caddyfile', '--config', path.join(home, 'Caddyfile')];
  return start('caddy', args, port, home);
}

async function start(program: string, args: string[], port: number, home: string): Promise<Front> {
  const child = spawn(program, args, {
    env: { PATH: '/usr/sbin:/usr/bin:/bin', HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(home, { recursive: true, force: true });
  };
  for (let turn = 0; turn < 100; turn += 1) {
    if (hasEnded(child)) break;
    if (await listens(port)) return { url: `http://127.0.0.1:${port}`, stop };
    await sleep(100);
  }
  const log = await readFile(path.join(home, 'error.log'), 'utf8').catch(() => '');
  await stop();
  throw new Error(`${program} did not start:\n${said}${log}`);
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/** A port that nothing listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
