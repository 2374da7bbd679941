/** `npm start`. In production content lives where updates of the code do not reach it: see `platform/env.ts`. */
process.env['NODE_ENV'] = 'production';
await import('./supervisor.ts');

export {};
