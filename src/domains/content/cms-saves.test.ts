import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CmsSave, formVersion, keepFromCms, saveFromCms, shapeProblem } from './cms-saves.ts';
import { committedBlob, committedTree } from './files.ts';
import { historyOf } from './history.ts';
import { keptVersions } from './kept.ts';
import { openContentRepository } from './open-repository.ts';
import { openPlannedBranch, plannedBranch } from './planned-branches.ts';
import { headOf } from './repository.ts';
import { uploadProblem } from './uploads.ts';

const now = new Date('2026-11-22T09:00:00Z');
const ines = { name: 'Ines Fairweather', email: 'ines@example.test' };
const omar = { name: 'Omar Tidewell', email: 'omar@example.test' };

let home: string;
let dir: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'cms-'));
  dir = path.join(home, 'content');
  const shipped = {
    'pages/membership.mdoc': '---\ntitle: Membership\nlead: Join us.\n---\nWords.\n',
    'images/year/index.yaml': 'title: The year\nalt: A year\nimage: year.png\n',
    'images/year/year.png': 'png',
    'settings.yaml': 'name: PeerSphere\n',
  };
  for (const [file, text] of Object.entries(shipped)) {
    await mkdir(path.dirname(path.join(home, 'shipped', file)), { recursive: true });
    await writeFile(path.join(home, 'shipped', file), text);
  }
  await openContentRepository(dir, path.join(home, 'shipped'), now);
});
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

const version = async (branch = 'main') => formVersion(branch, (await headOf(dir, branch))!);

function send(
  save: Partial<CmsSave> & { files?: Record<string, string | Buffer> },
  author = ines,
  branch = 'main',
) {
  const { files = {}, deletions = [], ...rest } = save;
  const additions = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  return saveFromCms(dir, { additions, deletions, version: undefined, ...rest }, { author, now, branch });
}

const page = (title: string) => `---\ntitle: ${title}\nlead: Join us.\n---\nWords.\n`;

describe('a save of the CMS', () => {
  test('is a commit that says what was done, which fields, and what the editor said', async () => {
    const files = { 'pages/membership.mdoc': page('Members') };
    expect(await send({ files, version: await version(), note: 'Shorter' })).toMatchObject({
      isNew: true,
      message: 'Change the page ‘Members’',
    });
    const [save] = (await historyOf(dir, undefined, { page: 1, limit: 1 })).saves;
    expect(save).toMatchObject({
      author: ines,
      message: 'Change the page ‘Members’',
      note: 'Shorter',
      fields: ['Title'],
    });
  });

  test.each<[string, Record<string, string>, string[]]>([
    ['Add the page ‘Fees’', { 'pages/fees.mdoc': page('Fees') }, []],
    ['Delete the page ‘Membership’', {}, ['pages/membership.mdoc']],
    [
      'Change the address of the page ‘Membership’',
      { 'pages/join.mdoc': page('Membership') },
      ['pages/membership.mdoc'],
    ],
    ['Change ‘Site settings’', { 'settings.yaml': 'name: Peers\n' }, []],
    ['Delete the image ‘The year’', {}, ['images/year/index.yaml', 'images/year/year.png']],
  ])('“%s”', async (message, files, deletions) => {
    expect(await send({ files, deletions, version: await version() })).toMatchObject({
      isNew: true,
      message,
    });
  });

  test('over another editor’s unseen change is refused, with both versions there', async () => {
    const seen = await version();
    await send({ files: { 'pages/membership.mdoc': page('Of Omar') }, version: seen }, omar);
    const answer = await send({ files: { 'pages/membership.mdoc': page('Of Ines') }, version: seen });
    expect(answer).toMatchObject({ conflict: { author: ines, path: 'pages/membership.mdoc' } });
    expect(await readFile(path.join(dir, 'pages/membership.mdoc'), 'utf8')).toContain('Of Omar');
    expect(await keptVersions(dir)).toHaveLength(1);
  });

  test('goes to the planned change that the editor has open, and main stays', async () => {
    await openPlannedBranch(dir, 'chg_1');
    const branch = plannedBranch('chg_1');
    const head = await headOf(dir);
    const files = { 'pages/membership.mdoc': page('Later') };
    expect(await send({ files, version: await version(branch) }, ines, branch)).toMatchObject({
      isNew: true,
    });
    expect(await headOf(dir)).toBe(head);
    expect(await readFile(path.join(dir, 'pages/membership.mdoc'), 'utf8')).toContain('Membership');
    const blob = (await committedTree(dir, (await headOf(dir, branch))!)).find(({ path }) =>
      path.includes('membership'),
    );
    expect((await committedBlob(dir, blob!.sha, blob!.path))?.toString()).toContain('Later');
  });

  test.each([
    ['without a version', undefined],
    ['of another branch', `planned/chg_1@${'a'.repeat(40)}`],
    ['of a commit that is not there', `main@${'a'.repeat(40)}`],
    ['that is no version', '--upload-pack=evil'],
  ])('from a form %s is refused', async (_which, seen) => {
    expect(await send({ files: { 'settings.yaml': 'name: x\n' }, version: seen })).toEqual({
      outdated: true,
    });
  });

  test('of an upload that is not what it says is refused with a sentence that names it', async () => {
    const files = { 'images/year/index.yaml': 'image: new.png\n', 'images/year/new.png': '<svg/>' };
    const answer = await send({ files, deletions: ['images/year/year.png'], version: await version() });
    expect(answer).toEqual({
      refused: '“new.png” is not a PNG image, whatever its name says. Save it anew in the right format.',
    });
  });
});

describe('a save that no form makes is refused:', () => {
  const present = [
    'images/year/index.yaml',
    'images/year/year.png',
    'pages/a.mdoc',
    'pages/b.mdoc',
    'pages/c.mdoc',
  ];
  const change = (added: string[], deletions: string[]) =>
    shapeProblem({ additions: added.map((path) => ({ path, bytes: Buffer.alloc(0) })), deletions }, present);

  test.each<[string, string[], string[]]>([
    [
      'a picture goes when only the words beside it change',
      ['images/year/index.yaml'],
      ['images/year/year.png'],
    ],
    ['a picture goes and leaves its words', [], ['images/year/year.png']],
    ['an entry loses its words and keeps its picture', [], ['images/year/index.yaml']],
    ['two entries go', [], ['pages/a.mdoc', 'pages/b.mdoc']],
    ['two entries go when one is written', ['pages/d.mdoc'], ['pages/a.mdoc', 'pages/b.mdoc']],
    ['two entries are written', ['pages/a.mdoc', 'pages/b.mdoc'], []],
    ['a file is written twice', ['pages/a.mdoc', 'pages/a.mdoc'], []],
    ['a file is written and taken away', ['pages/a.mdoc'], ['pages/a.mdoc']],
    ['nothing at all', [], []],
  ])('%s', (_what, added, deletions) => {
    expect(change(added, deletions)).toMatch(/^Nothing was saved/);
  });

  test.each<[string, string[], string[]]>([
    ['a picture is replaced', ['images/year/index.yaml', 'images/year/new.png'], ['images/year/year.png']],
    ['an entry gets another address', ['pages/d.mdoc'], ['pages/a.mdoc']],
    ['an entry goes', [], ['images/year/index.yaml', 'images/year/year.png']],
    ['an entry that is gone already goes', [], ['pages/gone.mdoc']],
  ])('but not when %s', (_what, added, deletions) => {
    expect(change(added, deletions)).toBeUndefined();
  });
});

describe('a draft that began with an earlier version', () => {
  test('is kept beside the content, once', async () => {
    const additions = [{ path: 'pages/membership.mdoc', bytes: Buffer.from(page('Draft')) }];
    const first = await keepFromCms(dir, { additions }, { author: ines, now });
    expect(await keepFromCms(dir, { additions }, { author: ines, now })).toEqual(first);
    expect(await keptVersions(dir)).toHaveLength(1);
  });

  test('is not kept where the content has it so', async () => {
    const additions = [{ path: 'settings.yaml', bytes: Buffer.from('name: PeerSphere\n') }];
    expect(await keepFromCms(dir, { additions }, { author: ines, now })).toEqual({ id: undefined });
  });
});

describe('an upload', () => {
  const image = (format: 'png' | 'jpeg' | 'webp', width = 20) =>
    sharp({ create: { width, height: 20, channels: 3, background: '#a27' } })
      .toFormat(format)
      .toBuffer();

  test.each(['png', 'jpeg', 'webp'] as const)('that is a whole %s is taken', async (format) => {
    expect(await uploadProblem(`images/x/x.${format}`, await image(format))).toBeUndefined();
  });

  test('that is cut off is refused', async () => {
    const noise = Buffer.from(Array.from({ length: 300 * 300 * 3 }, (_, place) => (place * 7919) % 251));
    const whole = await sharp(noise, { raw: { width: 300, height: 300, channels: 3 } })
      .png()
      .toBuffer();
    expect(await uploadProblem('images/x/x.png', whole.subarray(0, whole.length / 2))).toMatch(
      /“x\.png” cannot be read/,
    );
  });

  test('with more than 40 megapixels is refused', async () => {
    const bomb = await sharp({ create: { width: 8000, height: 5001, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    expect(await uploadProblem('images/x/x.png', bomb)).toMatch(/“x\.png” has more than 40 megapixels/);
  });

  const zip = (names: string) => Buffer.from(`PK\x03\x04....${names}`, 'latin1');
  test.each<[string, Buffer]>([
    ['a.pdf', Buffer.from('%PDF-1.7\n…\n%%EOF\n')],
    ['a.pptx', zip('[Content_Types].xml ppt/presentation.xml')],
    [
      'a.odp',
      Buffer.from(
        `PK\x03\x04${'.'.repeat(26)}mimetypeapplication/vnd.oasis.opendocument.presentation`,
        'latin1',
      ),
    ],
    ['a.mp3', Buffer.from('ID3\x04')],
    ['a.mp4', Buffer.from('\0\0\0\x20ftypisom', 'latin1')],
    ['a.webm', Buffer.from('\x1aE\xdf\xa3....B\x82\x84webm', 'latin1')],
    ['a.vtt', Buffer.from('WEBVTT\n\n')],
  ])('like %s is taken', async (name, bytes) => {
    expect(await uploadProblem(`files/x/${name}`, bytes)).toBeUndefined();
  });

  test.each<[string, Buffer, RegExp]>([
    ['a.svg', Buffer.from('<svg/>'), /of a kind that the site does not take/],
    ['a.png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /is not a PNG image/],
    ['a.jpg', Buffer.from('<!doctype html>'), /is not a JPEG image/],
    ['a.pdf', Buffer.from('%PDF-1.7\ncut off'), /is not a whole PDF/],
    ['a.pptx', zip('word/document.xml'), /is not a PowerPoint file/],
    ['a.pptx', zip('[Content_Types].xml ppt/vbaProject.bin'), /without macros/],
    ['a.mp4', Buffer.from('MZ\x90'), /is not an MP4 film/],
    [
      'a.pdf',
      Buffer.alloc(25 * 1024 * 1024 + 1),
      /“a\.pdf” has 25\.1 MB\. A whole PDF may have 25 MB at most/,
    ],
    ['a.png', Buffer.alloc(11 * 1024 * 1024), /may have 10 MB at most/],
    ['a.mdoc', Buffer.from([0xff, 0xfe, 0x00]), /“a\.mdoc” is not text/],
    ['a.yaml', Buffer.alloc(1024 * 1024 + 1, 'x'), /At most 1 MB fits/],
  ])('like %s can be refused, with its name', async (name, bytes, words) => {
    expect(await uploadProblem(`files/x/${name}`, bytes)).toMatch(words);
  });
});
