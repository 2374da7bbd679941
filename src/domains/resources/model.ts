import { richTextLinks } from '../../lib/rich-text/render.ts';

export const kinds = {
  article: 'Article',
  template: 'Template',
  'slide-deck': 'Slide deck',
  recording: 'Recording',
  prompt: 'Prompt',
  guide: 'Guide',
} as const;

/** Plural names, for headings and filters. */
export const kindsPlural: Record<Kind, string> = {
  article: 'Articles',
  template: 'Templates',
  'slide-deck': 'Slide decks',
  recording: 'Recordings',
  prompt: 'Prompts',
  guide: 'Guides',
};

export const topics = {
  networks: 'Networks',
  belonging: 'Belonging',
  facilitation: 'Facilitation',
  'live-sessions': 'Live sessions',
  discussion: 'Discussion',
  'support-groups': 'Support groups',
  onboarding: 'Onboarding',
  leadership: 'Leadership',
  wellbeing: 'Wellbeing',
  planning: 'Planning',
  technology: 'Technology',
  language: 'Language',
} as const;

export const readers = {
  everyone: 'Everyone',
  members: 'Members',
  hosts: 'Hosts',
  sams: 'SAMs',
  leaders: 'School leaders',
} as const;

export type Kind = keyof typeof kinds;
export type Topic = keyof typeof topics;

/** What an entry shows besides its text: slugs of files and images, from its fields and its text. */
export type NamedAssets = { files: Set<string>; images: Set<string> };

/**
 * The files and images that members' resources name. They are not published, so no public page may name them: the
 * content check holds that.
 */
export function membersOnlyAssets(
  membersResources: readonly { data: Record<string, unknown>; body?: string | undefined }[],
): NamedAssets {
  const named: NamedAssets = { files: new Set(), images: new Set() };
  for (const { data, body } of membersResources) {
    if (typeof data['file'] === 'string') named.files.add(data['file']);
    for (const { kind, target } of richTextLinks(body ?? '')) {
      if (kind === 'file') named.files.add(target);
      if (kind === 'image') named.images.add(target);
    }
  }
  return named;
}
