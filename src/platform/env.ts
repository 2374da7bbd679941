import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { z } from 'astro/zod';

const port = z.coerce.number().int().min(0).max(65535);
const shippedContent = 'content';

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
    DATABASE_REPLICA: z.string().min(1).optional(),
    CONTENT_DIR: z.string().min(1).optional(),
    /** `npm start` and `npm run demo` set it. */
    NODE_ENV: z.string().optional(),
    CONTENT_REMOTE: z
      .string()
      .regex(
        /^(?:https:\/\/|ssh:\/\/|file:\/\/\/|[\w.-]+@[\w][\w.-]*:(?!-))[^\s]+$/,
        'must be an https:, ssh: or file: address of a Git repository, or like git@host:content.git',
      )
      .refine((remote) => !/^\w+:\/\/(?:[^/@]*@)?-/.test(remote), 'names a host that cannot be')
      .optional(),
    CONTENT_WEBHOOK_SECRET: z.string().min(16, 'must be at least 16 characters long').optional(),
    APP_SECRET: z
      .string()
      .refine((secret) => Buffer.byteLength(secret) >= 32, 'must be at least 32 bytes long')
      .optional(),
    /** Astro reads it itself, when it builds: what server islands are asked with is encrypted with it. */
    ASTRO_KEY: z
      .string()
      .refine((key) => Buffer.from(key, 'base64').length === 32, 'must be 32 bytes in base64')
      .optional(),
    EMAIL_FROM: z
      .string()
      .regex(
        /^(?:[^<>@\r\n]+ <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/,
        'must be an address: PeerSphere <hello@example.org>',
      )
      .default('PeerSphere <portal@peersphere.example.test>'),
    RESEND_API_KEY: z.string().min(1).optional(),
    RESEND_BASE_URL: z.url({ protocol: /^https?$/ }).default('https://api.resend.com'),
    RESEND_WEBHOOK_SECRET: z.string().min(1).optional(),
    SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be like smtp://user:password@host:587' }).optional(),
    TRUST_PROXY: z.coerce.number().int().min(0).max(5).default(0),
    WORKERS: z.coerce.number().int().min(1).max(64).optional(),
    METRICS_PORT: port.default(9464),
    PREVIEW_CARDS: z.enum(['page', 'site']).default('page'),
    PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
    HOME: z.string().optional(),
    SSH_AUTH_SOCK: z.string().optional(),
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
    /** Where an embedded replica of a remote primary is kept; undefined without one. */
    databaseReplica: env.DATABASE_REPLICA === undefined ? undefined : path.resolve(env.DATABASE_REPLICA),
    /** The content that editors write. In production it is not the one that came with the code, which updates replace. */
    contentDir: path.resolve(
      env.CONTENT_DIR ??
        (env.NODE_ENV === 'production' ? path.join(env.DATA_DIR, 'content') : shippedContent),
    ),
    /** The content that Astro loads, in development and for types; builds and releases say which. */
    astroContentDir: path.resolve(env.CONTENT_DIR ?? shippedContent),
    /** The content that came with the code. */
    shippedContentDir: path.resolve(shippedContent),
    /** Another Git repository that each save is pushed to; and what signs the webhook that asks to pull from it. */
    contentRemote: env.CONTENT_REMOTE,
    contentWebhookSecret: env.CONTENT_WEBHOOK_SECRET,
    /** All that programs which we start are given of our environment: where programs are, and keys for SSH. */
    programs: Object.fromEntries(
      Object.entries({ PATH: env.PATH, HOME: env.HOME, SSH_AUTH_SOCK: env.SSH_AUTH_SOCK }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    ),
    /** Whether each page gets a preview card of its own, or all show the site’s (for quick builds). */
    previewCards: env.PREVIEW_CARDS,
    logLevel: env.LOG_LEVEL,
    appSecret: env.APP_SECRET,
    emailFrom: env.EMAIL_FROM,
    resend: env.RESEND_API_KEY
      ? { apiKey: env.RESEND_API_KEY, baseUrl: env.RESEND_BASE_URL.replace(/\/+$/, '') }
      : undefined,
    resendWebhookSecret: env.RESEND_WEBHOOK_SECRET,
    smtpUrl: env.SMTP_URL,
    /** How many proxies of ours stand in front; each adds the address it heard from to X-Forwarded-For. */
    trustedProxies: env.TRUST_PROXY,
    /** How many processes answer requests. */
    workers: env.WORKERS ?? availableParallelism(),
    /** Where figures for Prometheus are, on this machine only; 0 for nowhere. */
    metricsPort: env.METRICS_PORT,
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

/**
 * What is missing for serving people from elsewhere, by variable; empty when all is there. On a site for this machine
 * only (SITE_URL on loopback), what is missing is made up: a secret in DATA_DIR, mails as files.
 */
export function servingProblems(settings: Env): string[] {
  const { hostname, protocol } = new URL(settings.siteUrl);
  if (['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return [];
  const problems: string[] = [];
  if (protocol !== 'https:')
    problems.push('SITE_URL: must begin with https://, or sign-in could be overheard');
  if (!settings.appSecret)
    problems.push('APP_SECRET: is missing; make one with: openssl rand -base64 48, and keep it');
  if (settings.emailFrom.endsWith('.example.test>'))
    problems.push('EMAIL_FROM: is missing; mails need an address of yours to come from');
  if (!settings.resend && !settings.smtpUrl)
    problems.push('RESEND_API_KEY or SMTP_URL: one is needed, or no mail would ever arrive');
  return problems;
}

if (existsSync('.env')) process.loadEnvFile('.env'); // what is set already stays

export const env = readEnv(process.env);
