import { mkdir, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { type Db, openDb } from '../db/client.ts';
import { migrate } from '../db/migrate.ts';
import type { Role } from '../src/domains/accounts/model.ts';
import { grantRole } from '../src/domains/accounts/roles.ts';
import { createUser } from '../src/domains/accounts/users.ts';
import { hashPassword } from '../src/platform/password.ts';
import { appSecret, type RunningServer, startServer } from './site.ts';

/** What `npm start` runs, with folders and a database of its own. */
export type ProductionSite = {
  url: string;
  /** Process of the supervisor. */
  readonly pid: number;
  dataDir: string;
  contentDir: string;
  db: Db;
  /** Makes a user who can sign in with `password`. */
  addUser(email: string, name: string, role: Role): Promise<void>;
  /** What it has logged since it was last started. */
  said(): string;
  /** Kills the supervisor as a power cut does, waits for `meanwhile`, and starts it again at the same address. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
};

export const password = 'a long enough password';

/** Starts the supervisor on a free port with the site that was built in `builtDir`. `home` is emptied first. */
export async function startProductionSite(
  home: string,
  builtDir: string,
  variables: Record<string, string> = {},
): Promise<ProductionSite> {
  const [app, dataDir] = [path.join(home, 'app'), path.join(home, 'data')];
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
  await mkdir(app, { recursive: true });
  await mkdir(dataDir, { recursive: true });
  // The code as it is, beside the site that was built for the tests.
  for (const name of ['src', 'db', 'content', 'node_modules', 'package.json'])
    await symlink(path.resolve(name), path.join(app, name));
  await symlink(builtDir, path.join(app, 'dist'));
  const databaseUrl = `file:${path.join(dataDir, 'peersphere.db')}`;
  await migrate(databaseUrl);
  const [db, port] = [await openDb(databaseUrl), await freePort()];
  const start = () =>
    startServer(
      ['src/server/start.ts'],
      {
        PORT: String(port),
        SITE_URL: 'http://127.0.0.1:4321', // what the site was built for: it becomes the first release as it is
        DATA_DIR: dataDir,
        APP_SECRET: appSecret,
        WORKERS: '2',
        METRICS_PORT: '0',
        LOG_LEVEL: 'warn',
        ...variables,
      },
      app,
    );
  let server: RunningServer;
  try {
    server = await start();
  } catch (error) {
    await db.close();
    throw error;
  }
  const passwordHash = await hashPassword(password);
  return {
    url: server.url,
    get pid() {
      return server.pid;
    },
    dataDir,
    contentDir: path.join(dataDir, 'content'),
    db,
    async addUser(email, name, role) {
      const now = new Date();
      await db.write(async (tx) => {
        const user = { email, name, passwordHash, timeZone: 'Asia/Shanghai', codeOfConductVersion: '1' };
        const userId = await createUser(tx, now, user);
        await grantRole(tx, now, null, { userId, role, scopeId: '' });
      });
    },
    said: () => server.said(),
    async restart(meanwhile) {
      await server.kill();
      await meanwhile?.();
      server = await start();
    },
    async stop() {
      await server.stop();
      await db.close();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
