import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openContentRepository } from '#src/domains/content/open-repository.ts';
import { plannedBranch } from '#src/domains/content/planned-branches.ts';
import { isContentRepository } from '#src/domains/content/repository.ts';
import { commitSave } from '#src/domains/content/saves.ts';
import { openPlannedChange } from '#src/domains/publishing/planned.ts';

const day = 24 * 3_600_000;
const bastian = { name: 'Bastian Okwuosa', email: 'editor@example.test' };
const ottilie = { name: 'Ottilie Vanterpool', email: 'staff@example.test' };

type Folders = { dataDir: string; contentDir: string; shippedContentDir: string };
type Edit = { by: typeof bastian; daysAgo: number; file: string; message: string; from: string; to: string };

const headline = 'headline: The only one in your building? Meet the others.';
const shorterHeadline = 'headline: The only one in your building? You are not the only one.';
const lead = 'Either way, one membership opens every community that fits your work.';
const profile =
  'Your role and school tell others where you work. The text about you tells them why to write to you.';

/** What two editors tried and thought better of: the site says what was shipped, and the history how it got there. */
const edits: Edit[] = [
  {
    by: bastian,
    daysAgo: 12,
    file: 'home.yaml',
    message: 'Try another headline',
    from: headline,
    to: shorterHeadline,
  },
  {
    by: ottilie,
    daysAgo: 11.8,
    file: 'home.yaml',
    message: 'Back to the headline that people know',
    from: shorterHeadline,
    to: headline,
  },
  {
    by: ottilie,
    daysAgo: 6,
    file: 'pages/membership.mdoc',
    message: 'Say what a membership opens',
    from: lead,
    to: 'One membership opens everything.',
  },
  {
    by: bastian,
    daysAgo: 5,
    file: 'pages/membership.mdoc',
    message: 'Be exact about what a membership opens',
    from: 'One membership opens everything.',
    to: lead,
  },
  {
    by: bastian,
    daysAgo: 2,
    file: 'handbooks/members/your-profile.mdoc',
    message: 'Shorten the part on what people read',
    from: profile,
    to: 'Your role and school tell others where you work.',
  },
  {
    by: bastian,
    daysAgo: 1.9,
    file: 'handbooks/members/your-profile.mdoc',
    message: 'Say again what the text is for',
    from: 'Your role and school tell others where you work.',
    to: profile,
  },
];

/**
 * Makes the history of the content, with some saves of the demo’s editors and one planned change. Does nothing where there is a
 * history already, and in development, where saves write files only. An edit whose words the shipped content has no more is
 * left out.
 */
export async function seedDemoSaves(folders: Folders, editorId: string, now: Date): Promise<void> {
  const { contentDir, shippedContentDir } = folders;
  if (contentDir === shippedContentDir || (await isContentRepository(contentDir))) return;
  const at = (daysAgo: number) => new Date(now.getTime() - daysAgo * day);
  await openContentRepository(contentDir, shippedContentDir, at(40));
  for (const edit of edits) await save(contentDir, edit, at(edit.daysAgo));
  const change = { title: 'Words for the spring', at: at(-21), timeZone: 'Asia/Shanghai' };
  const opened = await openPlannedChange(folders, at(0.5), { id: editorId, ...bastian }, change);
  if ('refused' in opened) return;
  const spring = { by: bastian, daysAgo: 0.4, file: 'home.yaml', message: 'A headline for the spring' };
  const to = 'headline: Spring is when you find your people. Meet the others.';
  await save(contentDir, { ...spring, from: headline, to }, at(0.4), plannedBranch(opened.id));
}

async function save(contentDir: string, { by, file, message, from, to }: Edit, now: Date, branch?: string) {
  const text = await readFile(path.join(contentDir, file), 'utf8').catch(() => '');
  if (!text.includes(from)) return;
  const additions = [{ path: file, bytes: Buffer.from(text.replace(from, to)) }];
  await commitSave(contentDir, { author: by, now, message, additions, deletions: [] }, branch);
}
