import jsQR from 'jsqr';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { revokeActivationLink } from '../../src/domains/schools/activation-links.ts';
import { pauseSchool } from '../../src/domains/schools/schools.ts';
import type { Id } from '../../src/platform/ids.ts';
import { violations } from '../accessible.ts';
import { useSchool } from '../activation.ts';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
import type { TestDatabase } from '../database.ts';
import { cookieOf, makeUser, signInAs, siteDb, type TestUser, usePortal } from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');

type Kit = { schoolId: Id<'sch'>; sam: TestUser; address: string; link: string };

/** A school of this name with a link, its SAM, and the address of its launch kit. */
async function makeKit(name: string): Promise<Kit> {
  const year = { membershipStartsOn: '2020-01-01', membershipEndsOn: '2040-12-31' };
  const { schoolId, secret } = await useSchool({ name, ...year }, (await siteDb()) as TestDatabase);
  const sam = await makeUser([['sam', schoolId]], 'Sampson Reuel');
  await makeUser([['member', schoolId]]);
  const link = `${siteUrl()}/activate/${secret}`;
  return { schoolId, sam, address: `/sam/${schoolId}/launch-kit`, link };
}

async function samPage(kit: Kit, options: PageOptions = {}): Promise<Page> {
  const page = await newPage(options);
  await signInAs(page, kit.sam);
  return page;
}

const pagesOf = (pdf: Buffer) => pdf.toString('latin1').match(/\/Type\s*\/Page(?![a-z])/gi)?.length ?? 0;

const oddName = '<b>Ü & Co</b> **x** {link}';
let kit: Kit;
let odd: Kit;
beforeAll(async () => {
  kit = await makeKit('Cedar Point School');
  odd = await makeKit(oddName);
});

describe('a text of the kit', () => {
  test('is copied with one press, and keeps its link where it is pasted as rich text', async () => {
    const page = await samPage(kit);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: siteUrl() });
    await page.goto(kit.address);
    const text = page.getByRole('article', { name: 'The long text' });
    await text.getByRole('button', { name: 'Copy the text' }).click();
    await text
      .getByRole('status')
      .getByText(/^Copied/)
      .waitFor();

    const editor = await page.context().newPage();
    await editor.setContent('<div contenteditable aria-label="Mail"></div>');
    await editor.getByLabel('Mail').click();
    await editor.keyboard.press('Control+V');
    const pasted = editor.getByLabel('Mail');
    expect(
      await pasted.getByRole('link').evaluateAll((links) => links.map((a) => (a as HTMLAnchorElement).href)),
    ).toEqual([kit.link]);
    expect(await pasted.getByRole('link').textContent()).toBe('Open our staff link');
    expect(await pasted.innerText()).toContain('Cedar Point School has become a member');
    expect(await pasted.innerText()).toContain('Somebody else has your job. You should talk.');
    expect(await pasted.innerText()).not.toMatch(/[{}]/);
    await editor.close();

    await page.bringToFront();
    const plain = await page.evaluate(() => navigator.clipboard.readText());
    expect(plain).toContain(`Open our staff link: ${kit.link}, fill in the form`);
    expect(plain).toContain('One of us has joined already.');
  });

  test('is copied as plain text as well, and the subject of a mail for its own field', async () => {
    const page = await samPage(kit);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: siteUrl() });
    await page.goto(kit.address);
    const mail = page.getByRole('article', { name: 'The full invitation' });
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await mail.getByRole('button', { name: 'Copy the subject' }).click();
    await mail.getByText('The subject is copied.').waitFor();
    expect(await copied()).toBe('Somebody in another school does your job. Come and meet them.');
    await mail.getByText('Plain text', { exact: true }).click();
    await mail.getByRole('button', { name: 'Copy as plain text' }).click();
    await mail.getByText('Copied as plain text.').waitFor();
    expect(await copied()).toBe(await mail.getByRole('textbox').inputValue());
    expect(await copied()).toContain(`1. Open our link: ${kit.link}\n2. Fill in the form`);
    expect(await copied()).toMatch(
      /Sampson Reuel\nSchool Account Manager for PeerSphere, Cedar Point School$/,
    );
  });

  test('stands there to select without JavaScript', async () => {
    const page = await samPage(kit, { javaScriptEnabled: false });
    await page.goto(kit.address);
    const mail = page.getByRole('article', { name: 'The short one' });
    expect(await mail.getByRole('link', { name: kit.link }).getAttribute('href')).toBe(kit.link);
    expect(await mail.getByRole('button').count()).toBe(0);
    await mail.getByText('Select the words').waitFor();
    await mail.getByText('Plain text', { exact: true }).click();
    expect(await mail.getByRole('textbox').inputValue()).toContain(
      `This is the link we will use: ${kit.link}`,
    );
  });

  test('calls the school what it is called, whatever that is', async () => {
    const page = await samPage(odd);
    for (const part of ['', '/guide', '/deck?minutes=30', '/notes?minutes=30']) {
      await page.goto(odd.address + part);
      expect(await page.locator('body').textContent(), part).toContain(oddName);
    }
  });
});

describe('the page to print', () => {
  test.each(['A4', 'Letter'])(
    'is one sheet of %s, with the link, its code and five steps',
    async (format) => {
      const page = await samPage(kit);
      await page.goto(`${kit.address}/guide`);
      expect(await page.getByRole('listitem').count()).toBe(5);
      await page.getByRole('img', { name: 'QR code of the activation link' }).waitFor();
      await page.getByText(kit.link, { exact: true }).waitFor();
      expect(pagesOf(await page.pdf({ format, printBackground: true }))).toBe(1);
    },
  );

  test('has a code that a telephone reads as the link, also in the dark', async () => {
    const page = await samPage(kit, { colorScheme: 'dark', deviceScaleFactor: 2 });
    await page.goto(`${kit.address}/guide`);
    const png = await page.getByRole('img', { name: 'QR code of the activation link' }).screenshot();
    const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(jsQR(new Uint8ClampedArray(data), info.width, info.height)?.data).toBe(kit.link);
  });

  test('stays one sheet with the longest name that a school can have', async () => {
    const long = await makeKit('International Bilingual Academy '.repeat(5).trim());
    const page = await samPage(long);
    await page.goto(`${long.address}/guide`);
    for (const format of ['A4', 'Letter']) expect(pagesOf(await page.pdf({ format }))).toBe(1);
  });
});

describe('the deck', () => {
  test.each([
    [10, 7],
    [30, 12],
  ])(
    'of %i minutes has its %i slides, goes on by key, and prints one slide a page',
    async (minutes, slides) => {
      const page = await samPage(kit);
      await page.goto(`${kit.address}/deck?minutes=${minutes}`);
      await page.getByRole('heading', { level: 1, name: 'You are not the only one' }).waitFor();
      await page.locator('.reveal.ready').waitFor();
      await page.keyboard.press('ArrowRight');
      await page.getByRole('heading', { name: 'The only one in the building' }).waitFor();
      await page.keyboard.press('End');
      await page.getByRole('heading', { name: 'Where to find me' }).waitFor();
      await page.keyboard.press('Home');
      await page.getByRole('heading', { name: 'You are not the only one' }).waitFor();
      await page.keyboard.press('f');
      await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(true);
      await page.evaluate(() => document.exitFullscreen());
      expect(pagesOf(await page.pdf({ preferCSSPageSize: true }))).toBe(slides);
    },
  );

  test('has a speaker’s view that follows it and leads it', async () => {
    const page = await samPage(kit);
    await page.goto(`${kit.address}/deck?minutes=10`);
    await page.locator('.reveal.ready').waitFor();
    await page.keyboard.press('ArrowRight');
    const opened = page.waitForEvent('popup');
    await page.keyboard.press('s');
    const speaker = await opened;
    await speaker.getByText('2 of 7').waitFor();
    await speaker.getByText('Today is about that.', { exact: false }).waitFor();
    await page.keyboard.press('ArrowRight');
    await speaker.getByText('1 minute, until minute 3').waitFor();
    const proportion = await speaker.locator('.is-now .slide').evaluate((slide) => {
      return Number.parseFloat(getComputedStyle(slide).fontSize) / slide.clientWidth;
    });
    expect(proportion, 'words grow with the slide that was the next').toBeCloseTo(34 / 1280, 3);
    await speaker.keyboard.press('ArrowRight');
    await page.getByRole('heading', { name: 'Open the link' }).waitFor();
    await speaker.getByRole('button', { name: 'Back' }).click();
    await page.getByRole('heading', { name: 'What we have joined' }).waitFor();
  });

  test('is a sequence to read without JavaScript, and so is what to say', async () => {
    const page = await samPage(kit, { javaScriptEnabled: false, viewport: { width: 320, height: 700 } });
    for (const part of ['/deck', '/notes']) {
      await page.goto(`${kit.address}${part}?minutes=30`);
      for (const title of ['One question', 'Who sees what'])
        await page.getByRole('heading', { name: title }).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    }
    await page.getByText('Nobody will collect these.', { exact: false }).waitFor();
  });
});

describe('a link that nobody could join by', () => {
  test.each([
    ['taken away', revokeActivationLink, /has no activation link at this moment/],
    ['of a paused school', pauseSchool, /membership is paused/],
  ])('%s is in no part of the kit; a sentence is', async (why, end, sentence) => {
    const ended = await makeKit(`Juniper Hall, ${why}`);
    await end({ db: await siteDb(), now: new Date() }, ended.sam.id, ended.schoolId);
    const cookie = await cookieOf(ended.sam);
    for (const part of ['', '/guide', '/deck', '/notes']) {
      const answer = await fetch(siteUrl() + ended.address + part, { headers: { Cookie: cookie } });
      const html = await answer.text();
      expect(html, part).toMatch(sentence);
      expect(html, part).not.toContain('/activate/');
    }
    const page = await samPage(ended);
    await page.goto(ended.address);
    const forFamilies = page.getByRole('article', { name: 'For families' });
    await forFamilies.getByRole('button', { name: 'Copy the text' }).waitFor();
    const withLink = page.getByRole('article', { name: 'The short one' });
    expect(await withLink.getByRole('button').filter({ visible: true }).count()).toBe(0);
  });
});

describe('the kit of a school', () => {
  const parts = ['', '/guide', '/deck?minutes=30', '/notes'];

  test('is kept by no cache, for its SAM and for staff', async () => {
    const staff = await makeUser([['staff']]);
    for (const user of [kit.sam, staff])
      for (const part of parts) {
        const headers = { Cookie: await cookieOf(user) };
        const answer = await fetch(siteUrl() + kit.address + part, { headers });
        expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
      }
  });

  test('is not there for another SAM, and for its own members', async () => {
    const other = await makeUser([['sam', odd.schoolId]]);
    const member = await makeUser([['member', kit.schoolId]]);
    for (const user of [other, member])
      for (const part of parts) {
        const headers = { Cookie: await cookieOf(user) };
        expect((await fetch(siteUrl() + kit.address + part, { headers })).status).toBe(404);
      }
  });

  test('asks who is not signed in to sign in, and comes back', async () => {
    for (const part of parts) {
      const answer = await fetch(siteUrl() + kit.address + part, { redirect: 'manual' });
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(kit.address + part)}`);
    }
  });

  test('has nothing that axe finds, in either colour scheme', async () => {
    const page = await samPage(kit);
    for (const part of ['', '/guide', '/deck', '/notes']) {
      await page.goto(kit.address + part);
      if (part === '/deck') await page.locator('.reveal.ready').waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect([part, colorScheme, await violations(page)]).toEqual([part, colorScheme, []]);
      }
    }
  });
});
