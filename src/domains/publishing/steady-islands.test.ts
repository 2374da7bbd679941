import { expect, test } from 'vitest';
import { withSteadyIslands } from './steady-islands.ts';

const key = crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt']);

/** What Astro does with the props of an island (astro/dist/core/encryption.js). */
async function encrypted(text: string, bound: string) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(bound);
  const bytes = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData },
    await key,
    new TextEncoder().encode(text),
  );
  return { iv, additionalData, bytes: new Uint8Array(bytes) };
}

const drawn = (page: string, text = 'props', bound = 'export:Islands') =>
  withSteadyIslands(page, async () => ({
    ids: [crypto.randomUUID(), crypto.randomUUID()],
    sealed: await encrypted(text, bound),
  }));

test('the islands of a page are the same each time it is rendered', async () => {
  expect(await drawn('/about')).toEqual(await drawn('/about'));
});

test('two islands of a page, and those of two pages, have ids of their own', async () => {
  const ids = [...(await drawn('/about')).ids, ...(await drawn('/')).ids];
  expect(new Set(ids).size).toBe(4);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('no nonce is used for two texts, nor for one text in two places', async () => {
  const all = [await drawn('/'), await drawn('/', 'other'), await drawn('/', 'props', 'props:Islands')];
  expect(new Set(all.map(({ sealed }) => sealed.iv.join())).size).toBe(3);
});

test('what was encrypted can be read with the nonce that Astro sends', async () => {
  const { iv, additionalData, bytes } = (await drawn('/', 'a community')).sealed;
  const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, await key, bytes);
  expect(new TextDecoder().decode(text)).toBe('a community');
});

test('elsewhere lots are drawn as ever', async () => {
  await drawn('/');
  expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
  expect((await encrypted('x', 'y')).iv).not.toEqual((await encrypted('x', 'y')).iv);
});
