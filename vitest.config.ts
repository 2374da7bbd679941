import { defineConfig } from 'vitest/config';
import { appSecret } from './tests/site.ts';

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
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'site',
          include: ['tests/e2e/**/*.spec.ts'],
          globalSetup: ['tests/site.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
