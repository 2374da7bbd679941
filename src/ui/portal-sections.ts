type Section = { name: string; links: { label: string; href: string }[] };

/** Pages that stand beside each other, by whose they are. */
export const portalSections = {
  me: {
    name: 'Your pages',
    links: [
      { label: 'All communities', href: '/me/communities' },
      { label: 'Profile and settings', href: '/me' },
    ],
  },
  staff: {
    name: 'Staff',
    links: [
      { label: 'Overview', href: '/staff' },
      { label: 'Schools', href: '/staff/schools' },
      { label: 'People', href: '/staff/people' },
      { label: 'Applications', href: '/staff/applications' },
      { label: 'Coupons', href: '/staff/coupons' },
      { label: 'Enquiries', href: '/staff/enquiries' },
      { label: 'Outbox', href: '/staff/outbox' },
      { label: 'Audit log', href: '/staff/audit' },
    ],
  },
} as const satisfies Record<string, Section>;
