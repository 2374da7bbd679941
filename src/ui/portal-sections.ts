type Section = { name: string; links: { label: string; href: string }[] };

/** Pages that stand beside each other, by whose they are. */
export const portalSections = {
  me: {
    name: 'Your pages',
    links: [
      { label: 'All communities', href: '/me/communities' },
      { label: 'Calendar', href: '/me/calendar' },
      { label: 'Your record', href: '/me/record' },
      { label: 'Profile and settings', href: '/me' },
    ],
  },
  host: {
    name: 'Hosting',
    links: [
      { label: 'Your live sessions', href: '/host' },
      { label: 'Plan a live session', href: '/host/live-sessions/new' },
      { label: 'Attendance', href: '/attendance' },
    ],
  },
  staff: {
    name: 'Staff',
    links: [
      { label: 'Overview', href: '/staff' },
      { label: 'Schools', href: '/staff/schools' },
      { label: 'Live sessions', href: '/staff/live-sessions' },
      { label: 'Attendance', href: '/attendance' },
      { label: 'People', href: '/staff/people' },
      { label: 'Applications', href: '/staff/applications' },
      { label: 'Coupons', href: '/staff/coupons' },
      { label: 'Enquiries', href: '/staff/enquiries' },
      { label: 'Outbox', href: '/staff/outbox' },
      { label: 'Publishing', href: '/staff/publishing' },
      { label: 'Health', href: '/staff/health' },
      { label: 'Settings', href: '/staff/settings' },
      { label: 'Audit log', href: '/staff/audit' },
    ],
  },
  publishing: {
    name: 'Publishing',
    links: [
      { label: 'What is live', href: '/staff/publishing' },
      { label: 'Planned changes', href: '/staff/publishing/planned' },
      { label: 'History', href: '/staff/publishing/history' },
      { label: 'Edit the site', href: '/keystatic' },
    ],
  },
} as const satisfies Record<string, Section>;
