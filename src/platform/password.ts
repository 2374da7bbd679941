import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';

/** OWASP’s first choice for argon2id: 19 MiB, two passes, one lane (Password Storage Cheat Sheet). */
const cost = {
  algorithm: 2 /* argon2id; the library’s enum has no value at run time */,
  memoryCost: 19 * 1024,
  timeCost: 2,
  parallelism: 1,
};

/** Hashing fills a core for 20 ms: one core stays free for everybody else, and file access keeps threads of its own. */
const atOnce = Math.max(1, Math.min(3, availableParallelism() - 1));
const longestQueue = 500;

/** Thrown when so many passwords wait to be hashed that another would wait for more than ten seconds. */
export class TooManyPasswords extends Error {}

/** The argon2id hash of `password` as a PHC string. Throws `TooManyPasswords`. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize('NFKC'), cost));
}

/**
 * Whether `password` is the one behind `passwordHash`. Without a hash the answer is no, and takes as long: that nobody
 * with this address exists must not show. Throws `TooManyPasswords`.
 */
export async function isPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  const right = await inTurn(() => verify(passwordHash ?? nobodysHash, password.normalize('NFKC')));
  return right && passwordHash !== undefined;
}

/** Whether a hash was made with other costs than today’s, and is to be made anew at the next sign-in. */
export function needsRehash(passwordHash: string): boolean {
  return !passwordHash.startsWith(
    `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`,
  );
}

/** Of a random password that nobody kept. */
const nobodysHash =
  '$argon2id$v=19$m=19456,t=2,p=1$35c0/Kfz78VXpOzowVrteQ$8Y4oyhzLHKysiNaaD049EeI72LVpo9XxeQR/Xz1BTOo';

/** Throws `TooManyPasswords` where another password would be refused now: before anything is counted against somebody. */
export function assertPasswordTurn(): void {
  if (queue.length >= longestQueue) throw new TooManyPasswords('Too many passwords wait to be checked.');
}

let running = 0;
const queue: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) {
    assertPasswordTurn();
    await new Promise<void>((turn) => queue.push(turn));
  } else {
    running += 1;
  }
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next) next();
    else running -= 1;
  }
}
