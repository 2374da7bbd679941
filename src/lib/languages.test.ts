import { expect, test } from 'vitest';
import { isLanguage, languageChoices, languageName, languages } from './languages.ts';

test('a language has its name in English and its own', () => {
  const named = (code: string) => languages.find((language) => language.code === code);
  expect(named('vi')).toEqual({ code: 'vi', name: 'Vietnamese', ownName: 'Tiếng Việt' });
  expect(named('zh')).toMatchObject({ ownName: '中文' });
  expect(languages.length).toBeGreaterThan(180);
  expect(languages.every(({ name, code }) => name && name !== code)).toBe(true);
});

test('what is no language is not one', () => {
  expect(['EN', 'xx', '', 'constructor', 'en-GB'].filter(isLanguage)).toEqual([]);
  expect(languageName('xx')).toBe('xx');
});

test('what was chosen is shown at once, however rare', () => {
  expect(languageChoices(['se']).near.map(({ code }) => code)).toContain('se');
  expect(languageChoices([]).near.map(({ code }) => code)).not.toContain('se');
  const { near, far } = languageChoices(['se', 'en']);
  expect(near.length + far.length).toBe(languages.length);
});
