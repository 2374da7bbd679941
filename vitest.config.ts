import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { appSecret } from './tests/site.ts';

/** Vitest alone would leave one core of two idle. The site's tests share one site and come after them, one by one. */
const besideEachOther = { maxWorkers: Math.max(2, availableParallelism() - 1), sequence: { groupOrder: 0 } };

export default defineConfig({
  test: {
    env: {
      TZ: 'Asia/Kathmandu',
      LOG_LEVEL: 'silent',
      DATA_DIR: '.data/test/portal',
      APP_SECRET: appSecret,
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'code',
          include: ['src/**/*.test.ts', 'db/**/*.test.ts', 'tests/guards/**/*.test.ts'],
          ...besideEachOther,
          testTimeout: 30_000,
        },
      },
      {
        // What the domains do with the database, once more with a remote primary: tests/hrana-server.ts. A part of each; all of
        // them, which takes ten times as long: TEST_DATABASE=hrana npx vitest run --project code src/domains
        extends: true,
        test: {
          name: 'remote-database',
          include: [
            'src/domains/audit/record.test.ts',
            'src/domains/mail/enqueue.test.ts',
            'src/domains/accounts/{roles,throttles,tokens}.test.ts',
            'src/domains/schools/{activation-links,schools}.test.ts',
            'src/domains/admissions/coupons.test.ts',
            'src/domains/communities/membership.test.ts',
            'src/domains/live-sessions/{feeds,plan}.test.ts',
            'src/domains/attendance/{marks,nudges}.test.ts',
            'src/jobs/leader.test.ts',
          ],
          env: { TEST_DATABASE: 'hrana' },
          ...besideEachOther,
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'site',
          include: ['tests/e2e/**/*.spec.ts'],
          globalSetup: ['tests/site.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
