import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { collectionOf } from '../../src/collections/registry.ts';
import { readCollection } from '../../src/domains/content/read-content.ts';
import { renderRichText } from '../../src/lib/rich-text/render.ts';
import { onDemandPages } from '../../src/lib/routes.ts';

type Page = { path: string; html: string };

let client: string;
let files: string[];
let pages: Page[];

beforeAll(() => {
  client = path.join(inject('siteDir'), 'client');
  files = readdirSync(client, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.posix.join('/', path.relative(client, entry.parentPath), entry.name));
  pages = files
    .filter((file) => file.endsWith('.html'))
    .map((file) => ({
      path: file.replace(/\/index\.html$/, '').replace(/\.html$/, '') || '/',
      html: read(file).toString(),
    }));
});

const read = (file: string) => readFileSync(path.join(client, file));
const attributes = (html: string, name: string) =>
  [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map(([, value]) =>
    value!.replaceAll('&amp;', '&').replaceAll('&#38;', '&'),
  );

test('the site has its pages', () => {
  expect(pages.length).toBeGreaterThan(200);
});

describe('no page', () => {
  test('loads anything from another origin', () => {
    const loaded = pages.flatMap(({ path: page, html }) => {
      const withoutLinks = html
        .replace(/<a\s[^>]*>/g, '')
        .replace(/<(?:meta|link rel="(?:canonical|alternate|sitemap)")[^>]*>/g, '')
        .replace(/<script type="application\/ld\+json">[\s\S]*?<\/script>/g, '');
      return [
        ...withoutLinks.matchAll(
          /(?:src|href|srcset|action|poster)="(?:https?:)?\/\/[^"]*"|url\(["']?(?:https?:)?\/\/[^)]*\)/g,
        ),
      ].map(([found]) => `${page}: ${found}`);
    });
    expect(loaded).toEqual([]);
  });

  test('has a style sheet or a script, loaded now or later, that reaches for another origin', () => {
    const loaded = new Set<string>();
    const follow = (text: string) => {
      for (const [, name] of text.matchAll(/["'`(/]([\w.-]+\.(?:js|css))\b/g)) {
        const file = `/_astro/${name}`;
        if (!files.includes(file) || loaded.has(file)) continue;
        loaded.add(file);
        follow(read(file).toString());
      }
    };
    for (const { html } of pages) follow(html);
    expect(loaded.size).toBeGreaterThan(3);
    const reaching = [...loaded].filter((file) => /https?:\/\/(?!www\.w3\.org)/.test(read(file).toString()));
    expect(reaching).toEqual([]);
  });

  test('leads to an address or a place that is not there', () => {
    const addresses = new Set([...files, ...pages.map((page) => page.path), ...onDemandPages]);
    const onDemand = /^\/(?:resources\/[a-z0-9-]+\/read|_server-islands\/[A-Za-z]+)$/;
    const places = new Map(pages.map(({ path: page, html }) => [page, new Set(attributes(html, 'id'))]));
    const dead = pages.flatMap(({ path: page, html }) =>
      [...attributes(html, 'href'), ...attributes(html, 'src')]
        .filter((target) => /^[/#]/.test(target))
        .filter((target) => {
          const [address = '', place] = target.split('#');
          const to = decodeURI(address.replace(/\?.*$/, '')) || page;
          if (!addresses.has(to) && !onDemand.test(to)) return true;
          return Boolean(place && places.has(to) && !places.get(to)!.has(decodeURIComponent(place)));
        })
        .map((target) => `${page} → ${target}`),
    );
    expect(dead).toEqual([]);
  });

  test('repeats an id', () => {
    const repeated = pages.flatMap(({ path: page, html }) => {
      const ids = attributes(html, 'id');
      return ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${page}#${id}`);
    });
    expect(repeated).toEqual([]);
  });

  test('weighs more than its budget: 30 KB of HTML and CSS, 6 KB of JavaScript, one style sheet', () => {
    const size = (bytes: Buffer | string) => brotliCompressSync(bytes).length;
    const heavy = pages
      .filter(({ path: page }) => !/\/print$/.test(page))
      .flatMap(({ path: page, html }) => {
        const sheets = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, href]) => href!);
        const scripts = [...html.matchAll(/<script type="module" src="([^"]+)"/g)].map(([, src]) => src!);
        const withImports = new Set<string>();
        const follow = (script: string) => {
          if (withImports.has(script)) return;
          withImports.add(script);
          for (const [, to] of read(script)
            .toString()
            .matchAll(/(?:from|^import|[;}]import)\s*["']\.\/([^"']+)["']/g))
            follow(`/_astro/${to}`);
        };
        for (const script of scripts) follow(script);
        const text = size(html) + sheets.reduce((sum, sheet) => sum + size(read(sheet)), 0);
        const script = [...withImports].reduce((sum, file) => sum + size(read(file)), 0);
        const tooHeavy = text > 30 * 1024 || script > 6 * 1024 || sheets.length > 1;
        return tooHeavy
          ? [`${page}: ${text} bytes of text, ${script} of script, ${sheets.length} style sheets`]
          : [];
      });
    expect(heavy).toEqual([]);
  });
});

describe('every page', () => {
  test('has one title of its own, a description, and one heading of level 1', () => {
    const titles = new Map<string, string[]>();
    const wrong: string[] = [];
    for (const { path: page, html } of pages) {
      const title = /<title>([^<]+)<\/title>/.exec(html)?.[1] ?? '';
      titles.set(title, [...(titles.get(title) ?? []), page]);
      const description = /<meta name="description" content="([^"]*)"/.exec(html)?.[1] ?? '';
      if (description.length < 20) wrong.push(`${page}: description “${description}”`);
      const headings = html.match(/<h1[\s>]/g)?.length ?? 0;
      if (headings !== 1) wrong.push(`${page}: ${headings} headings of level 1`);
    }
    for (const [title, same] of titles) if (same.length > 1) wrong.push(`“${title}”: ${same.join(', ')}`);
    expect(wrong).toEqual([]);
  });

  test('has a preview card that exists', () => {
    const missing = pages.flatMap(({ path: page, html }) => {
      const card = /<meta property="og:image" content="https?:\/\/[^/"]+([^"]+)"/.exec(html)?.[1];
      return card && files.includes(card) ? [] : [`${page}: ${card}`];
    });
    expect(missing).toEqual([]);
  });
});

describe('members’ text', () => {
  const published = () =>
    files
      .filter((file) => !/\.(?:png|webp|woff2|mp4|pdf)$/.test(file))
      .map((file) => {
        const bytes = read(file);
        const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
        return {
          file,
          text: text
            .toString()
            .replace(/<[^>]*>/g, ' ')
            .replace(/&#39;/g, "'")
            .replace(/\s+/g, ' '),
        };
      });

  test('is in no file of the public output, not in the search index either', async () => {
    const { entries } = await readCollection('content', collectionOf('member-resources'));
    const sentences = entries.flatMap(({ id, body }) => {
      const all = renderRichText(body).text.match(/[^.!?]{40,}[.!?]/g) ?? [];
      expect(all.length, `${id} has too little text to tell`).toBeGreaterThan(5);
      return all.map((sentence) => ({ id, sentence: sentence.trim() }));
    });
    const leaked: string[] = [];
    for (const { file, text } of published())
      for (const { id, sentence } of sentences)
        if (text.includes(sentence)) leaked.push(`${id} in ${file}: ${sentence}`);
    expect(leaked).toEqual([]);
  });

  test('would be found there if it were: an open resource is', async () => {
    const { entries } = await readCollection('content', collectionOf('resources'));
    const [sentence] = renderRichText(entries[0]!.body).text.match(/[^.!?]{40,}[.!?]/g) ?? [];
    const found = published().filter(({ text }) => text.includes(sentence!.trim()));
    expect(found.some(({ file }) => file.endsWith('.html'))).toBe(true);
    expect(found.some(({ file }) => file.startsWith('/pagefind/'))).toBe(true);
  });
});

test('the content is as large as promised', async () => {
  const count = async (name: Parameters<typeof collectionOf>[0]) =>
    (await readCollection('content', collectionOf(name))).entries.length;
  expect(await count('communities')).toBeGreaterThanOrEqual(60);
  expect((await count('resources')) + (await count('member-resources'))).toBeGreaterThanOrEqual(40);
  expect(await count('handbook-pages')).toBeGreaterThanOrEqual(50);
});
