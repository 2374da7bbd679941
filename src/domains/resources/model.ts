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
