import { randomBytes } from 'node:crypto';

declare const prefixOf: unique symbol;

/** An id of one kind of thing, `usr_0199…`. Branded, so that an id of another kind does not fit in its place. */
export type Id<Prefix extends string> = `${Prefix}_${string}` & { readonly [prefixOf]: Prefix };

/**
 * A new id: `prefix`, an underscore and the 32 hexadecimal digits of a UUIDv7 (RFC 9562 section 5.7). Ids made in different
 * milliseconds sort by time. They say when they were made and are no secret: what must not be guessed comes from `tokens.ts`.
 */
export function newId<Prefix extends string>(prefix: Prefix, now: Date): Id<Prefix> {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return `${prefix}_${bytes.toString('hex')}` as Id<Prefix>;
}
