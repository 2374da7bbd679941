import pino from 'pino';
import { env } from './env.ts';

/** One JSON line an event: ids and figures, never addresses, tokens or what people wrote. */
export const log = pino({ level: env.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
