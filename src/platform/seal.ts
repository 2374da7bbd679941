import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { env } from './env.ts';

/** What is sealed, so that a text sealed for one purpose opens for no other. */
export type SealPurpose =
  | 'activation-link'
  | 'mail-body'
  | 'unsubscribe'
  | 'coupon-quote'
  | 'rsvp'
  | 'rsvp-wish'
  | 'record-code';

/**
 * `text` encrypted with AES-256-GCM under a key made from APP_SECRET for this purpose (HKDF, RFC 5869), in base64url.
 * Sealing the same text twice gives different results.
 */
export function seal(purpose: SealPurpose, text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyFor(`seal:${purpose}`), iv);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
}

/** What `seal` was given; undefined when `sealed` was changed, is of another purpose, or was made with another APP_SECRET. */
export function unseal(purpose: SealPurpose, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < 28) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', keyFor(`seal:${purpose}`), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** A keyed hash in base64url: the same text always gives the same result, and nobody without APP_SECRET can try texts out. */
export function keyedHash(purpose: string, text: string): string {
  return createHmac('sha256', keyFor(`hash:${purpose}`))
    .update(text)
    .digest('base64url');
}

const keys = new Map<string, Buffer>();

function keyFor(name: string): Buffer {
  const known = keys.get(name);
  if (known) return known;
  const key = Buffer.from(hkdfSync('sha256', appSecret(), '', name, 32));
  keys.set(name, key);
  return key;
}

/** APP_SECRET; on a site for this machine only, one that is made once and kept in DATA_DIR. */
function appSecret(): string {
  if (env.appSecret) return env.appSecret;
  const file = path.join(env.dataDir, 'app-secret');
  mkdirSync(env.dataDir, { recursive: true });
  try {
    // Fails when another process has made it meanwhile: then that one counts.
    writeFileSync(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8');
}
