import { defineConfig } from 'drizzle-kit';

/** For `drizzle-kit generate` only: migrations are applied by `db/migrate.ts`, never by drizzle-kit. */
export default defineConfig({
  dialect: 'turso',
  schema: './db/schema/*.ts',
  out: './db/migrations',
  casing: 'snake_case',
});
