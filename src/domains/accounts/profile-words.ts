import { listed } from '../../lib/text.ts';
import { type Audience, type ProfilePart, profileParts, type Visibility } from './model.ts';

/** What the parts of a profile are called on screen. */
export const partNames: Readonly<Record<ProfilePart, string>> = {
  picture: 'Picture',
  about: 'About me',
  jobTitle: 'Role and subjects',
  school: 'School or workplace',
  country: 'Country',
  languages: 'Languages',
  links: 'Links',
  timeZone: 'Time zone',
};

export const audienceNames: Readonly<Record<Audience, string>> = {
  members: 'All members',
  communities: 'People in my communities',
  nobody: 'Nobody',
};

/** Who sees the profile, in a sentence. */
export function visibilitySentence(visibility: Visibility): string {
  const partsFor = (audience: Audience) =>
    profileParts
      .filter((part) => visibility[part] === audience)
      .map((part) => partNames[part].charAt(0).toLowerCase() + partNames[part].slice(1));
  const [close, hidden] = [partsFor('communities'), partsFor('nobody')];
  if (close.length + hidden.length === 0) return 'All members see all of it.';
  return [
    ...(hidden.length > 0 ? [`Nobody sees: ${listed(hidden)}.`] : []),
    ...(close.length > 0 ? [`Only people in your communities see: ${listed(close)}.`] : []),
  ].join(' ');
}
