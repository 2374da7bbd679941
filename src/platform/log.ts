import pino from 'pino';
import { env } from './env.ts';

/** One JSON line an event: ids and figures, never addresses, tokens or what people wrote. Errors go under `err`. */
export const log = pino({
  level: env.logLevel,
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  serializers: { err: (error: unknown) => loggable(error) },
});

/**
 * What the log tells of an error and its causes. A failed query is told without what it was asked with, which Drizzle puts
 * into the error three times; any other message without addresses and without what is long enough to be a token.
 */
export function loggable(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, stack = '', cause } = error;
  const message = 'query' in error ? `Failed query: ${error.query}` : error.message;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: name,
    message: scrubbed(message),
    ...('code' in error && { code: error.code }),
    stack: frames.join('\n'),
    ...(cause !== undefined && depth < 5 && { cause: loggable(cause, depth + 1) }),
  };
}

const scrubbed = (text: string) =>
  text
    .slice(0, 2000)
    .replace(/[^\s'"<>,;]*@[^\s'"<>,;]*/g, '…')
    .replace(/[\w-]{40,}/g, '…');
