import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'astro/zod';

const port = z.coerce.number().int().min(0).max(65535);

const schema = z
  .object({
    PORT: port.default(4321),
    HOST: z.string().min(1).default('127.0.0.1'),
    SITE_URL: z
      .url({ protocol: /^https?$/ })
      .refine(
        (url) => /^https?:\/\/[^/?#@]+\/?$/.test(url),
        'must be an origin without a path, like https://peers.example.org',
      )
      .optional(),
    DATA_DIR: z.string().min(1).default('.data'),
    DATABASE_URL: z
      .string()
      .regex(/^(?:file:|libsql:|https?:|wss?:)/, 'must start with file:, libsql:, https: or wss:')
      .optional(),
    DATABASE_AUTH_TOKEN: z.string().min(1).optional(),
    CONTENT_DIR: z.string().min(1).default('content'),
    PREVIEW_CARDS: z.enum(['page', 'site']).default('page'),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .transform((env) => ({
    port: env.PORT,
    host: env.HOST,
    /** Origin of every absolute address we write, without a closing slash. */
    siteUrl: (env.SITE_URL ?? `http://127.0.0.1:${env.PORT}`).replace(/\/+$/, ''),
    dataDir: path.resolve(env.DATA_DIR),
    databaseUrl: env.DATABASE_URL ?? `file:${path.join(path.resolve(env.DATA_DIR), 'peersphere.db')}`,
    databaseAuthToken: env.DATABASE_AUTH_TOKEN,
    contentDir: path.resolve(env.CONTENT_DIR),
    /** Whether each page gets a preview card of its own, or all show the site’s (for quick builds). */
    previewCards: env.PREVIEW_CARDS,
    logLevel: env.LOG_LEVEL,
  }));

export type Env = z.output<typeof schema>;

/**
 * The settings in `variables`, with defaults. An empty variable counts as not set.
 * Throws one error that lists every problem by the variable's name.
 */
export function readEnv(variables: Record<string, string | undefined>): Env {
  const present = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(
    `These environment variables need attention (.env.example explains each):\n${problems.join('\n')}`,
  );
}

if (existsSync('.env')) process.loadEnvFile('.env'); // what is set already stays

export const env = readEnv(process.env);
