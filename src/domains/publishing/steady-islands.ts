import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, createHmac, type UUID } from 'node:crypto';

/** The page that is being rendered, and how many ids it has been given. */
const rendering = new AsyncLocalStorage<{ page: string; ids: number }>();
let isSteady = false;

/**
 * Runs `render`. What Astro draws by lot for the islands of a page is the same each time while it runs, so that a page whose
 * content is the same is the same file:
 * - the id of an island is made of the page’s name and a number;
 * - the nonce of what is encrypted becomes a keyed hash of the text and what it is bound to (as in AES-SIV, RFC 5297), so
 *   none is used for two texts.
 */
export function withSteadyIslands<T>(page: string, render: () => Promise<T>): Promise<T> {
  if (!isSteady) takeOver();
  return rendering.run({ page, ids: 0 }, render);
}

function takeOver() {
  isSteady = true;
  const randomUUID = crypto.randomUUID.bind(crypto);
  const encrypt = crypto.subtle.encrypt.bind(crypto.subtle);
  crypto.randomUUID = () => {
    const here = rendering.getStore();
    if (!here) return randomUUID();
    here.ids += 1;
    return uuidOf(`${here.page} ${here.ids}`);
  };
  crypto.subtle.encrypt = async (algorithm, key, text) => {
    if (rendering.getStore() && isGcm(algorithm)) {
      const own = Buffer.from(await crypto.subtle.exportKey('raw', key));
      const secret = createHash('sha256').update('nonces of islands').update(own).digest();
      const bound = createHash('sha256').update(bytesOf(algorithm.additionalData)).digest();
      const nonce = createHmac('sha256', secret).update(bound).update(bytesOf(text)).digest();
      bytesOf(algorithm.iv).set(nonce.subarray(0, algorithm.iv.byteLength)); // Astro reads it from there afterwards
    }
    return encrypt(algorithm, key, text);
  };
}

function uuidOf(text: string): UUID {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const isGcm = (algorithm: AlgorithmIdentifier | object): algorithm is AesGcmParams =>
  typeof algorithm === 'object' && 'iv' in algorithm && 'name' in algorithm && algorithm.name === 'AES-GCM';

/** The very bytes, not a copy. */
function bytesOf(source: BufferSource | undefined): Uint8Array {
  if (!source) return new Uint8Array();
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}
