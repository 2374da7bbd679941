import { hasRole, type Viewer } from '../domains/accounts/model.ts';

/** What the menu of somebody signed in shows. */
export type AccountMenu = {
  name: string;
  /** Shown where there is no picture. */
  initials: string;
  /** Address of the picture, or null. */
  picture: string | null;
  links: { label: string; href: string }[];
};

/** The menu of this viewer: the pages that their roles let them use. */
export function accountMenu(viewer: Viewer): AccountMenu {
  const staff = hasRole(viewer, 'staff');
  const writes = staff || hasRole(viewer, 'editor');
  const takesAttendance = hasRole(viewer, 'ta') || hasRole(viewer, 'host');
  return {
    name: viewer.name,
    initials: initialsOf(viewer.name),
    picture: viewer.pictureId ? `/pictures/${viewer.pictureId}` : null,
    links: [
      { label: 'All communities', href: '/me/communities' },
      { label: 'Profile and settings', href: '/me' },
      ...(hasRole(viewer, 'sam') ? [{ label: 'Your school', href: '/sam' }] : []),
      ...(takesAttendance ? [{ label: 'Attendance', href: '/attendance' }] : []),
      ...(staff ? [{ label: 'Staff area', href: '/staff' }] : []),
      ...(writes ? [{ label: 'Edit the site', href: '/keystatic' }] : []),
      ...(writes ? [{ label: 'Publishing', href: '/staff/publishing' }] : []),
    ],
  };
}

const initialsOf = (name: string) =>
  name
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => [...word][0])
    .slice(0, 2)
    .join('')
    .toUpperCase();
