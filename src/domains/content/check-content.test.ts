import { constants } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkContent, problemLine } from './check-content.ts';

let dir: string;

/** A copy of the real content for each test to break. */
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'content-'));
  await cp('content', dir, { recursive: true, mode: constants.COPYFILE_FICLONE });
});
afterEach(() => rm(dir, { recursive: true }));

const librarians = 'communities/school-librarians.mdoc';

async function edit(file: string, change: (source: string) => string) {
  const place = path.join(dir, file);
  const before = await readFile(place, 'utf8');
  const after = change(before);
  expect(after, 'the test changed nothing').not.toBe(before);
  await writeFile(place, after);
}

const problems = async () => (await checkContent(dir)).map(problemLine);

test('the content that ships has no problems', async () => {
  expect(await problems()).toEqual([]);
});

describe('a field', () => {
  test('that is missing is named with its file', async () => {
    await edit(librarians, (source) => source.replace(/^name: .*\n/m, ''));
    expect(await problems()).toEqual([`content/${librarians}, field “name”: is missing.`]);
  });

  test('that is empty is named', async () => {
    await edit(librarians, (source) => source.replace(/^name: .*$/m, 'name: "  "'));
    expect(await problems()).toEqual([`content/${librarians}, field “name”: is empty.`]);
  });

  test('that is too long says how long it is and what fits', async () => {
    await edit(librarians, (source) => source.replace(/^summary: .*$/m, `summary: ${'x'.repeat(201)}`));
    expect(await problems()).toEqual([
      `content/${librarians}, field “summary”: is 201 characters long; at most 180 fit.`,
    ]);
  });

  test('with a choice that does not exist lists those that do', async () => {
    await edit(librarians, (source) => source.replace(/^area: .*$/m, 'area: catering'));
    expect(await problems()).toEqual([
      `content/${librarians}, field “area”: is “catering”, which is not one of the choices: teaching, leadership, pastoral, operations, technology.`,
    ]);
  });

  test('that nobody knows is named', async () => {
    await edit(librarians, (source) => source.replace(/^area: /m, 'colour: red\narea: '));
    expect(await problems()).toEqual([`content/${librarians}: “colour”: there is no such field here.`]);
  });

  test('inside a list is named with its place', async () => {
    await edit('seasons/2026-27.yaml', (source) => source.replace(/round: 2/, 'round: 9'));
    expect(await problems()).toEqual([
      'content/seasons/2026-27.yaml, field “windows › 2 › round”: is “9”; at most 4 is allowed.',
    ]);
  });

  test('with a day that does not exist says how to write one', async () => {
    await edit('pages/about.mdoc', (source) => source.replace(/^updatedOn: .*$/m, 'updatedOn: 2026-02-30'));
    expect(await problems()).toEqual([
      'content/pages/about.mdoc, field “updatedOn”: is not a day that exists; write it as 2026-11-21.',
    ]);
  });

  test('with a window that ends before it starts is refused', async () => {
    await edit('seasons/2026-27.yaml', (source) =>
      source.replace(/(windows:[\s\S]*?endsOn: )\S+/, '$12020-01-01'),
    );
    expect(await problems()).toEqual([
      'content/seasons/2026-27.yaml, field “windows › 1 › endsOn”: ends before it starts.',
    ]);
  });
});

describe('a relation', () => {
  test('to a person who is not there names entry, field and the person', async () => {
    await edit(librarians, (source) => source.replace(/^hosts: .*$/m, 'hosts: [nobody-at-all]'));
    expect(await problems()).toEqual([
      `content/${librarians}, field “hosts › 1”: names “nobody-at-all”, but there is no such entry in People.`,
    ]);
  });

  test('breaks when the entry it names is removed', async () => {
    await rm(path.join(dir, 'handbook-parts/members-live-sessions.yaml'));
    const found = await problems();
    expect(found.length).toBeGreaterThan(0);
    for (const line of found)
      expect(line).toMatch(/^content\/handbooks\/members\/.*, field “part”: names “members-live-sessions”/);
  });

  test('of a handbook page to a part of another handbook is refused', async () => {
    await edit('handbooks/members/welcome.mdoc', (source) =>
      source.replace(/^part: .*$/m, 'part: sams-activation'),
    );
    expect(await problems()).toEqual([
      'content/handbooks/members/welcome.mdoc, field “part”: names “sams-activation”, which is a part of the handbook “sams”, not of “members”.',
    ]);
  });

  test('of a figure to an image that is not there names the line', async () => {
    await edit('pages/about.mdoc', (source) => `${source}\n\n{% figure image="no-picture" /%}\n`);
    expect((await problems())[0]).toMatch(
      /^content\/pages\/about\.mdoc, line \d+: A figure names “no-picture”, but there is no such entry in Images\.$/,
    );
  });
});

describe('a file of a members’ resource', () => {
  test('may not be offered on a public page', async () => {
    await edit('member-resources/case-conference-protocol.mdoc', (source) =>
      source.replace(/^publishedOn: /m, 'file: support-group-notes\npublishedOn: '),
    );
    expect(await problems()).toEqual([
      'content/resources/support-group-notes-template.mdoc: shows the file “support-group-notes”, which a members’ resource names: only members may see it.',
    ]);
  });
});

describe('an address', () => {
  test('that an open and a members’ resource share is refused', async () => {
    await cp(
      path.join(dir, 'resources/prompt-nogs.mdoc'),
      path.join(dir, 'member-resources/prompt-nogs.mdoc'),
    );
    expect(await problems()).toEqual([
      'content/member-resources/prompt-nogs.mdoc: has the address /resources/prompt-nogs, which content/resources/prompt-nogs.mdoc has already: give one of them another.',
    ]);
  });

  test('that the site needs for itself is refused', async () => {
    await cp(path.join(dir, 'pages/about.mdoc'), path.join(dir, 'pages/communities.mdoc'));
    expect(await problems()).toEqual([
      'content/pages/communities.mdoc: has the address /communities, which the site needs for itself: choose another.',
    ]);
  });

  test('in capitals or with spaces is refused', async () => {
    await cp(path.join(dir, 'pages/about.mdoc'), path.join(dir, 'pages/About Us.mdoc'));
    expect(await problems()).toEqual([
      'content/pages/About Us.mdoc: has the address “About Us”: use lower case letters, digits and single hyphens.',
    ]);
  });
});

describe('a link', () => {
  test('to a page that is not there names file and line', async () => {
    await edit('pages/about.mdoc', (source) => `${source}\n\n[lost](/no/such-page)\n`);
    expect((await problems())[0]).toMatch(
      /^content\/pages\/about\.mdoc, line \d+: The link \/no\/such-page leads nowhere: there is no page \/no\/such-page\.$/,
    );
  });

  test('to a heading that is not on its page is refused', async () => {
    await edit('pages/about.mdoc', (source) => `${source}\n\n[lost](/code-of-conduct#nowhere)\n`);
    expect((await problems())[0]).toContain('no heading there has the address #nowhere');
  });

  test('in the navigation is checked as well', async () => {
    await edit('navigation.yaml', (source) => source.replace('href: /how-it-works', 'href: /how-it-worked'));
    expect((await problems())[0]).toBe(
      'content/navigation.yaml, field “main › 1 › href”: The link /how-it-worked leads nowhere: there is no page /how-it-worked.',
    );
  });
});

describe('a file', () => {
  test('that is no image is refused where an image belongs', async () => {
    await writeFile(path.join(dir, 'images/three-networks/three-networks.png'), '<svg onload="x"></svg>');
    expect(await problems()).toEqual([
      'content/images/three-networks/index.yaml, field “image”: is not an image we can use: upload a JPEG, PNG or WebP.',
    ]);
  });

  test('with Markdoc that does not close names the line in the file', async () => {
    await edit('pages/about.mdoc', (source) =>
      source.replace(/^(---\n[\s\S]*?---\n)/, '$1{% callout %}\n\n'),
    );
    const [line] = await problems();
    expect(line).toMatch(/^content\/pages\/about\.mdoc, line 7: Node 'callout' is missing closing\.$/);
  });

  test('with YAML that cannot be read names the line', async () => {
    await edit(librarians, (source) => source.replace(/^area: .*$/m, 'area: "open'));
    expect((await problems())[0]).toMatch(
      /^content\/communities\/school-librarians\.mdoc, line \d+: cannot be read: /,
    );
  });

  test('without front matter says what it must start with', async () => {
    await writeFile(path.join(dir, 'pages/about.mdoc'), 'Just words.\n');
    expect(await problems()).toContain(
      'content/pages/about.mdoc, line 1: has no front matter: it must start with ---, the fields, and --- again.',
    );
  });

  test('of the wrong kind in a folder is named', async () => {
    await writeFile(path.join(dir, 'people/notes.txt'), 'x');
    expect(await problems()).toEqual([
      'content/people/notes.txt: does not belong here: an entry of “People” is a .yaml file.',
    ]);
  });

  test('with a value that YAML takes for a reference says to quote it', async () => {
    await edit(librarians, (source) => source.replace(/^name: .*$/m, 'name: *important*'));
    expect((await problems())[0]).toMatch(
      /school-librarians\.mdoc, line \d+: cannot be read: .*(?:quotes|alias)/i,
    );
  });

  test('with an optional field left empty is as good as without it', async () => {
    await edit('resources/prompt-nogs.mdoc', (source) =>
      source.replace(/^publishedOn: /m, 'guestAuthor:\npublishedOn: '),
    );
    expect(await problems()).toEqual([]);
  });

  test('that the site itself leads to must stay', async () => {
    await rm(path.join(dir, 'pages/privacy.mdoc'));
    expect(await problems()).toContain(
      'content/pages/privacy.mdoc: is missing: the site’s own pages lead to it. Change its text, but keep it and its address.',
    );
  });

  test('whose folder was emptied is gone', async () => {
    await mkdir(path.join(dir, 'images/removed'));
    expect(await problems()).toEqual([]);
  });

  test('that is one of a kind and missing is named', async () => {
    await rm(path.join(dir, 'settings.yaml'));
    expect(await problems()).toEqual(['content/settings.yaml: is missing.']);
  });
});

describe('a text of the launch kit', () => {
  const invitation = 'launch-kit/texts/full-invitation.mdoc';
  const known = '{school}, {link}, {sam}, {network}, {communities}, {colleagues}, {joined}';

  test('with a placeholder that nobody knows is named with its line', async () => {
    await edit(invitation, (source) => source.replace('Open our link: {link}', 'Open [it]({lnk}): {link}'));
    const line =
      (await readFile(path.join(dir, invitation), 'utf8'))
        .split('\n')
        .findIndex((text) => text.includes('{lnk}')) + 1;
    expect(await problems()).toEqual([
      `content/${invitation}, line ${line}: {lnk} is no placeholder: use ${known}, or no braces.`,
    ]);
  });

  test('is looked through in its fields as well, at any depth', async () => {
    await edit('launch-kit/guide.yaml', (source) => source.replace('A face makes', 'A {face} makes'));
    expect(await problems()).toEqual([
      `content/launch-kit/guide.yaml, field “steps › 1 › text”: {face} is no placeholder: use ${known}, or no braces.`,
    ]);
  });

  test('takes no blocks, which nothing would draw in a mail', async () => {
    await edit(invitation, (source) => `${source}\n{% callout %}\n\nHello\n\n{% /callout %}\n`);
    expect((await problems()).filter((problem) => problem.includes('takes no blocks'))).toHaveLength(2);
  });

  test('may link to its placeholder, and its other links are followed', async () => {
    await edit(invitation, (source) =>
      source.replace('Open our link: {link}', '[Open it]({link}) or [this](/nowhere)'),
    );
    expect(await problems()).toEqual([
      expect.stringContaining('The link /nowhere leads nowhere: there is no page /nowhere.'),
    ]);
  });
});
