import { describe, expect, test } from 'vitest';
import {
  type Filling,
  fillRichText,
  fillWords,
  unknownPlaceholders,
  withSampleTargets,
} from './placeholders.ts';

const filling = (school = 'Lotus Bay School', link?: string): Filling => ({
  words: { school, joined: 'Two of us are in.', ...(link ? {} : { link: '(no link)' }) },
  addresses: link ? { link } : {},
  siteUrl: 'https://peers.example.test',
});
const link = 'https://peers.example.test/activate/a_secret-with~signs';

describe('a text that is filled in', () => {
  test('has the words in place of the placeholders, in HTML and in plain text', () => {
    expect(fillRichText('{school} is in. **{joined}**', filling())).toEqual({
      html: '<p>Lotus Bay School is in. <strong>Two of us are in.</strong></p>',
      plain: 'Lotus Bay School is in. Two of us are in.',
    });
  });

  test.each([
    ['<b>Ü & Co', '<p>&lt;b&gt;Ü &amp; Co</p>'],
    ['**x** _y_ `z`', '<p>**x** _y_ `z`</p>'],
    ['[here](https://evil.example.test)', '<p>[here](https://evil.example.test)</p>'],
    ['{% callout %}', '<p>{% callout %}</p>'],
    ['# Title\n- item', '<p># Title\n- item</p>'],
    ['{link} {school} {joined}', '<p>{link} {school} {joined}</p>'],
    ['$& $1 $$', '<p>$&amp; $1 $$</p>'],
    ['"><script>alert(1)</script>', '<p>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>'],
  ])('shows a school called %s as it is called', (school, html) => {
    expect(fillRichText('{school}', filling(school, link))).toEqual({ html, plain: school });
  });

  test('makes a link of an address that stands alone', () => {
    const { html, plain } = fillRichText('Open {link}, please.', filling('A', link));
    expect(html).toBe(`<p>Open <a href="${link}">${link}</a>, please.</p>`);
    expect(plain).toBe(`Open ${link}, please.`);
  });

  test.each(['{link}', '%7Blink%7D', '%7blink%7d'])('gives a link to %s its address', (target) => {
    const { html, plain } = fillRichText(`[Our **link**](${target})`, filling('A', link));
    expect(html).toBe(`<p><a href="${link}">Our <strong>link</strong></a></p>`);
    expect(plain).toBe(`Our link: ${link}`);
  });

  test('puts no link into a link', () => {
    expect(fillRichText('[{link}](/join)', filling('A', link)).html).toBe(
      `<p><a href="https://peers.example.test/join">${link}</a></p>`,
    );
  });

  test('has no dead link where there is no address: words stand alone', () => {
    expect(fillRichText('{link} or [our link]({link})', filling())).toEqual({
      html: '<p>(no link) or our link</p>',
      plain: '(no link) or our link',
    });
  });

  test('leads to the site from anywhere, and nowhere that is not allowed', () => {
    const { html } = fillRichText(
      '[Prices](/membership) [x](javascript:alert(1)) [y](//evil.test)',
      filling(),
    );
    expect(html).toContain('<a href="https://peers.example.test/membership">Prices</a>');
    expect(html).not.toMatch(/javascript:[^)]*"|href="\/\//);
  });

  test('has lists, breaks and paragraphs in its plain text', () => {
    const { plain } = fillRichText(
      'Dear all,\n\n- One\n- **Two**\n\n1. First\n2. Second {link}\n\n{school}\\\nSAM',
      filling('Lotus', link),
    );
    expect(plain).toBe(`Dear all,\n\n- One\n- Two\n\n1. First\n2. Second ${link}\n\nLotus\nSAM`);
  });

  test('has no ids and no blocks, which would repeat on a page and be lost in a mail', () => {
    const { html } = fillRichText('## Hello\n\n{% callout %}\n\nInside\n\n{% /callout %}', filling());
    expect(html).toBe('<h2>Hello</h2><p>Inside</p>');
  });
});

test('words without formatting are filled in as they are', () => {
  expect(fillWords('{school}: {link} {unknown}', filling('**A**', link))).toBe(`**A**: ${link} {unknown}`);
});

test('placeholders that nobody knows are found as they are written, each once', () => {
  const text = '{school} {scool} { school } {scool} [x](%7Blnk%7D) {} {% callout %} {link}';
  expect(unknownPlaceholders(text, ['school', 'link'])).toEqual(['{scool}', '{ school }', '{lnk}', '{}']);
});

test('a link to a placeholder is checked as a link like any other', () => {
  expect(withSampleTargets('[a]({link}) [b](%7Blink%7D) [c](/x) {link}')).toBe(
    '[a](https://example.test) [b](https://example.test) [c](/x) {link}',
  );
});
