import { createHash } from 'node:crypto';
import { keyedHash } from '../../platform/seal.ts';
import { chinaDay } from './model.ts';

/** SHA-256 of what a form held and the day it is in China: for telling a form sent twice from two forms. */
export function digestOf(now: Date, fields: unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([chinaDay(now), fields]))
    .digest('hex');
}

/** Key of a mail that goes to an address at most once a day. The address does not stand in it: providers see keys. */
export function onceADay(kind: string, email: string, now: Date): string {
  return `${kind}:${keyedHash('mail-once-a-day', email)}:${chinaDay(now)}`;
}
