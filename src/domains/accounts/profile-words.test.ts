import { expect, test } from 'vitest';
import { visibilitySentence } from './profile-words.ts';

test('who sees a profile is said in a sentence', () => {
  expect(visibilitySentence({})).toBe('All members see all of it.');
  expect(visibilitySentence({ picture: 'nobody', about: 'communities', links: 'nobody' })).toBe(
    'Nobody sees: picture and links. Only people in your communities see: about me.',
  );
});
