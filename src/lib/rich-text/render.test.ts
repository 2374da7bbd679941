import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderRichText, richTextLinks, richTextProblems } from './render.ts';

const assets = {
  images: new Map([
    ['season', { src: '/s.webp', srcset: '/s.webp 480w', width: 480, height: 270, alt: 'A year as a line' }],
  ]),
  files: new Map([
    ['film', { href: '/files/film/film.mp4', title: 'A film', detail: 'Film, 700 KB' }],
    ['words', { href: '/files/words/film.vtt', title: 'Captions', detail: 'Captions, 1 KB' }],
  ]),
};
const html = (source: string) => renderRichText(source, assets).html;

describe('blocks', () => {
  test('a callout shows its title, or the words of its tone', () => {
    expect(html('{% callout tone="tip" %}\n\nTry it.\n\n{% /callout %}')).toBe(
      '<aside class="callout callout-tip"><p class="callout-title">A tip</p><p>Try it.</p></aside>',
    );
    expect(html('{% callout title="Wait" %}\n\nTry it.\n\n{% /callout %}')).toContain(
      '<p class="callout-title">Wait</p>',
    );
  });

  test('a figure shows the image with its description and caption', () => {
    expect(html('{% figure image="season" caption="The year" /%}')).toMatch(
      /<figure><img src="\/s.webp" .*alt="A year as a line".*><figcaption>The year<\/figcaption><\/figure>/,
    );
  });

  test('a video of our own plays with its captions', () => {
    const shown = html('{% video title="Look" file="film" captions="words" /%}');
    expect(shown).toContain('src="/files/film/film.mp4"');
    expect(shown).toContain(
      '<track kind="captions" srclang="en" label="English" src="/files/words/film.vtt" default',
    );
  });

  test('a video elsewhere is a link, never an embed', () => {
    const shown = html('{% video title="Look" href="https://films.example.test/1" /%}');
    expect(shown).toContain('<a href="https://films.example.test/1">Look</a>');
    expect(shown).not.toMatch(/iframe|embed|object/);
  });

  test('a wide table can be reached and scrolled with the keyboard', () => {
    expect(html('{% table %}\n\n- A\n- B\n\n---\n\n- 1\n- 2\n\n{% /table %}')).toMatch(
      /<div class="table" tabindex="0" role="group" aria-label="Table"><table><thead>/,
    );
  });

  test('a question opens to its answer', () => {
    expect(
      html('{% faq %}\n\n{% faq-item question="Why?" %}\n\nBecause.\n\n{% /faq-item %}\n\n{% /faq %}'),
    ).toBe('<div class="faq"><details><summary>Why?</summary><p>Because.</p></details></div>');
  });
});

test('headings get addresses, and a repeated one gets a number', () => {
  const { headings } = renderRichText('## Dates\n\n### Dates\n\n## Other');
  expect(headings).toEqual([
    { level: 2, id: 'dates', text: 'Dates' },
    { level: 3, id: 'dates-2', text: 'Dates' },
    { level: 2, id: 'other', text: 'Other' },
  ]);
});

test('the words of a document come without its tags', () => {
  expect(renderRichText('## A\n\nb **c** [d](/e)\n\n- f\n- g').text).toBe('A b c d f g');
});

test('HTML in content is text, whatever is written', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          '<script>',
          '<img src=x onerror=y>',
          '"',
          "'",
          '&',
          '<',
          '>',
          '](javascript:x)',
          '[a',
          '`',
          '\n',
          '**',
          'word',
        ),
      ),
      (parts) => {
        expect(html(parts.join(''))).not.toMatch(/<script|<img src=x|<a href="javascript:[^"]*"[^>]*>(?!.)/);
      },
    ),
  );
});

describe('problems', () => {
  const messages = (source: string) =>
    richTextProblems(source).map(({ line, message }) => `${line}: ${message}`);

  test('a good document has none', () => {
    expect(messages('## A\n\ntext\n\n### B\n\n{% callout %}\n\nyes\n\n{% /callout %}')).toEqual([]);
  });

  test('each is a sentence with its line', () => {
    expect(messages('## A\n\n{% sparkle /%}')).toEqual(['3: There is no block called “sparkle”.']);
    expect(messages('{% callout %}\n\nopen')).toEqual(["1: Node 'callout' is missing closing."]);
    expect(messages('{% button href="/" /%}')).toEqual(['1: A block lacks its “label”.']);
    expect(messages('{% button href="/" label="x" color="red" /%}')).toEqual([
      '1: A block has “color”, which it does not know.',
    ]);
    expect(messages('# Title')).toEqual(['1: The title is the only heading of level 1; start with level 2.']);
    expect(messages('## A\n\n#### B')).toEqual([
      '3: A heading of level 4 follows one of level 2; use level 3.',
    ]);
    expect(messages('![x](/y.png)')).toEqual([
      '1: Insert images with the Figure block, so that each has a description.',
    ]);
    expect(messages('{% video title="x" /%}')).toEqual([
      '1: A video needs a file of its own or a link to where it is.',
    ]);
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    '//evil.example.test',
    'vbscript:x',
    'relative/page',
  ])('a button to %s is refused, and leads nowhere if it gets through', (href) => {
    expect(messages(`{% button href="${href}" label="x" /%}`)[0]).toContain('is not one we can use');
    expect(html(`{% button href="${href}" label="x" /%}`)).toContain('href="#"');
  });
});

test('links, images and files are found wherever they stand', () => {
  const source =
    '[a](/b#c)\n\n{% figure image="season" /%}\n\n{% video title="t" file="film" captions="words" /%}';
  expect(richTextLinks(source)).toEqual([
    { line: 1, kind: 'href', target: '/b#c' },
    { line: 3, kind: 'image', target: 'season' },
    { line: 5, kind: 'file', target: 'film' },
    { line: 5, kind: 'file', target: 'words' },
  ]);
});

test.each(['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', '//evil.example.test', 'relative/page'])(
  'a link in the text to %s leads nowhere',
  (href) => {
    expect(html(`[x](${href})`)).not.toContain(`href="${href}"`);
  },
);

test('an annotation can not bring a tag, an attribute or an image of its own', () => {
  expect(html('## A {% level="2 onclick=alert(1)" %}')).toBe('<h2 id="a">A </h2>');
  expect(html('## A {% level="1><script>alert(1)</script" %}')).not.toContain('<script');
  expect(html('{% callout tone="x onclick=y" %}\n\na\n\n{% /callout %}')).toContain(
    'class="callout callout-note"',
  );
  expect(html('![x](https://evil.example.test/pixel)')).not.toContain('evil');
  expect(richTextProblems('text {% #search-words .button %}')).toEqual([
    { line: 1, message: 'Text takes no {% … %} of its own; use a block.' },
  ]);
});

test('a block that never ends is refused at once, however long', () => {
  expect(richTextProblems(`one\n\n${'{% '.repeat(50_000)}`)).toEqual([
    { line: 3, message: 'A block starts with {% and does not end with %}.' },
  ]);
});

test('a file is offered under its own name', () => {
  expect(html('{% file file="words" /%}')).toBe(
    '<p class="file"><a href="/files/words/film.vtt" download="">Captions</a><span>Captions, 1 KB</span></p>',
  );
});

test('repeated headings never share an address', () => {
  expect(renderRichText('## A\n\n## A\n\n## A 2').headings.map(({ id }) => id)).toEqual([
    'a',
    'a-2',
    'a-2-2',
  ]);
});
