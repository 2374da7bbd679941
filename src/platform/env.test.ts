import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEnv } from './env.ts';

describe('where the content is that editors write', () => {
  test('in development it is the one that came with the code', () => {
    expect(readEnv({}).contentDir).toBe(path.resolve('content'));
  });

  test('in production it is in the data directory, where updates of the code do not reach it', () => {
    expect(readEnv({ NODE_ENV: 'production', DATA_DIR: '/srv/peers' }).contentDir).toBe('/srv/peers/content');
  });

  test('what is set counts in both', () => {
    expect(readEnv({ CONTENT_DIR: '/srv/words' }).contentDir).toBe('/srv/words');
    expect(readEnv({ NODE_ENV: 'production', CONTENT_DIR: '/srv/words' }).contentDir).toBe('/srv/words');
  });

  test('the one that came with the code stays where it is', () => {
    expect(readEnv({ NODE_ENV: 'production', CONTENT_DIR: '/srv/words' }).shippedContentDir).toBe(
      path.resolve('content'),
    );
  });
});

test('there is one worker a core unless told, and at least one', () => {
  expect(readEnv({}).workers).toBeGreaterThanOrEqual(1);
  expect(readEnv({ WORKERS: '3' }).workers).toBe(3);
  expect(() => readEnv({ WORKERS: '0' })).toThrow(/WORKERS/);
});

test('a port for figures can be chosen, or none', () => {
  expect(readEnv({}).metricsPort).toBe(9464);
  expect(readEnv({ METRICS_PORT: '0' }).metricsPort).toBe(0);
  expect(() => readEnv({ METRICS_PORT: '99999' })).toThrow(/METRICS_PORT/);
});

test('a replica has a path', () => {
  expect(readEnv({}).databaseReplica).toBeUndefined();
  expect(readEnv({ DATABASE_REPLICA: '/srv/replica.db' }).databaseReplica).toBe('/srv/replica.db');
});
