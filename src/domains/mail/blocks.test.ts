import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Block, renderMail } from './blocks.ts';

const payload = `<script>alert("1")</script>&'`;
const escapedPayload = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;';

const everyBlock = (words: string): Block[] => [
  { heading: words },
  { paragraph: words },
  {
    paragraph: [
      'a ',
      { strong: words },
      ' b ',
      { link: words, href: 'https://peers.example.test/a?b=1&c=2' },
    ],
  },
  { button: words, href: 'https://peers.example.test/activate/abc' },
  { list: [words, [words, { strong: words }]] },
  { steps: [words] },
  { quote: words },
  { facts: [[words, words]] },
  { small: words },
];

function rendered(blocks: Block[], unsubscribeUrl?: string) {
  const content = { subject: 'A subject', preview: 'A preview', blocks };
  return renderMail(content, unsubscribeUrl ? { unsubscribeUrl } : {});
}

test('every block escapes what stands in it', () => {
  const { html, subject } = renderMail(
    { subject: payload, preview: payload, blocks: everyBlock(payload) },
    {},
  );
  expect(subject).toBe(payload);
  expect(html).not.toContain('<script');
  expect(html.split(escapedPayload)).toHaveLength(16);
  expect(html).toContain('href="https://peers.example.test/a?b=1&amp;c=2"');
});

test('whatever people write, tags and attributes of a mail stay ours', () => {
  const shape = (html: string) => html.match(/<[^>]*>/g);
  const words = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .map((text) => text.replace(/[\r\n]/g, ''));
  const expected = shape(rendered(everyBlock('word')).html);
  fc.assert(
    fc.property(words, (text) => {
      expect(shape(rendered(everyBlock(text)).html)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test('a subject is one line without control characters and marks of direction, 200 characters at most', () => {
  const subjectOf = (subject: string) => renderMail({ subject, preview: '', blocks: [] }, {}).subject;
  expect(subjectOf('Hello\r\nBcc: everybody@example.test')).toBe('Hello Bcc: everybody@example.test');
  expect(subjectOf('a\u0000b\u202ec\u2028d\u007f')).toBe('a b c d');
  expect([...subjectOf('é'.repeat(500))]).toHaveLength(200);
  expect(() => subjectOf('\r\n')).toThrow('needs a subject');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(subjectOf(`Hello ${name}`)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test.for([
  'javascript:alert(1)',
  ' JAVASCRIPT:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  '/activate/abc',
  '',
])('a link to “%s” is refused', (href) => {
  expect(() => rendered([{ button: 'Open', href }])).toThrow('whole http, https or mailto');
  expect(() => rendered([{ paragraph: [{ link: 'Open', href }] }])).toThrow('whole http, https or mailto');
});

test('a link cannot leave its attribute', () => {
  const { html, text } = rendered([
    { button: 'Open', href: 'https://peers.example.test/"><img src=x>\r\nBcc: x' },
  ]);
  expect(html).not.toContain('<img');
  expect(text).not.toContain('\nBcc');
});

test('the text has the same words, in lines of 76 characters, with whole addresses', () => {
  const address = `https://peers.example.test/activate/${'a'.repeat(80)}`;
  const { text } = rendered([
    { heading: 'It is time' },
    {
      paragraph: [
        'Open ',
        { link: 'the handbook', href: 'https://peers.example.test/h' },
        ' first, '.repeat(12),
      ],
    },
    { button: 'Activate', href: address },
    { steps: ['One', 'Two words that go on '.repeat(6)] },
    { list: ['A point'] },
    { quote: 'First line\nSecond line' },
    { facts: [['Town', 'Penang']] },
    { small: ['Questions? ', { link: 'Write to us', href: 'mailto:hello@example.test' }, '.'] },
  ]);
  expect(text).toContain('It is time\n==========\n');
  expect(text).toContain('the handbook: https://peers.example.test/h first,');
  expect(text).toContain(`Activate:\n${address}\n`);
  expect(text).toMatch(/\n1\. One\n2\. Two words.*\n {3}\S/);
  expect(text).toContain('\n- A point\n');
  expect(text).toContain('> First line\n> Second line\n');
  expect(text).toContain('Town: Penang');
  expect(text).toContain('Write to us: hello@example.test\n');
  const long = text.split('\n').filter((line) => line.length > 76);
  expect(long).toEqual([address]);
});

test('a sign behind a link does not become a part of it', () => {
  const link = { link: 'here', href: 'https://peers.example.test/x' };
  expect(rendered([{ paragraph: ['Look ', link, '.'] }]).text).toContain(
    'Look here: https://peers.example.test/x\n',
  );
  expect(rendered([{ paragraph: ['Look ', link, ', then go.'] }]).text).toContain('/x , then go.\n');
});

test('words cannot start a line of their own in the text', () => {
  const { text } = rendered([
    { paragraph: ['Hello ', { strong: 'Ana\r\n\r\nOpen: https://evil.example.test' }] },
  ]);
  expect(text).toContain('Hello Ana Open: https://evil.example.test\n');
});

test('an optional mail says why it came and how to stop it, in both forms; another does not', () => {
  const url = 'https://peers.example.test/unsubscribe/abc';
  const optional = rendered([{ paragraph: 'News' }], url);
  expect(optional.html).toContain(`href="${url}"`);
  expect(optional.text).toContain(
    `because you take part in PeerSphere, or a\ncolleague invited you.\nUnsubscribe:\n${url}\n`,
  );
  const needed = rendered([{ paragraph: 'News' }]);
  expect(needed.html + needed.text).not.toMatch(/unsubscribe/i);
});

test('a mail asks nothing of any server, says its language and can be dark', () => {
  const { html } = rendered(everyBlock('word'));
  expect(html).not.toMatch(/<img|<link|@import|url\(|src=/);
  expect(html).toContain('<html lang="en"');
  expect(html).toContain('<meta name="color-scheme" content="light dark">');
  expect(html).toContain('@media (prefers-color-scheme:dark)');
});
