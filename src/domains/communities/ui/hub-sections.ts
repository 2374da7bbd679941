/** Sections of every hub, by the end of their address. */
export const hubSections = [
  { label: 'Overview', path: '' },
  { label: 'Live sessions', path: '/live-sessions' },
  { label: 'Resources', path: '/resources' },
  { label: 'Members', path: '/members' },
  { label: 'Welcome survey', path: '/survey' },
] as const;
