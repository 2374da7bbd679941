import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../../tests/cpu-time.ts';
import { textDiff, wordDiff } from './text-diff.ts';

describe('words', () => {
  test('say what went before what came', () => {
    expect(wordDiff('Meet peers twice a year', 'Meet your peers four times a year')).toEqual([
      { is: 'same', text: 'Meet ' },
      { is: 'added', text: 'your ' },
      { is: 'same', text: 'peers ' },
      { is: 'removed', text: 'twice' },
      { is: 'added', text: 'four times' },
      { is: 'same', text: ' a year' },
    ]);
  });

  test('that changed beside each other are one change, with the space between them', () => {
    expect(wordDiff('a red house', 'a blue boat')).toEqual([
      { is: 'same', text: 'a ' },
      { is: 'removed', text: 'red house' },
      { is: 'added', text: 'blue boat' },
    ]);
  });

  test('of Chinese are compared sign by sign', () => {
    expect(wordDiff('图书馆员', '图书管理员')).toEqual([
      { is: 'same', text: '图书' },
      { is: 'removed', text: '馆' },
      { is: 'added', text: '管理' },
      { is: 'same', text: '员' },
    ]);
  });
});

describe('lines', () => {
  test('that are alike are one changed line; the rest stays around it, and is left out further away', () => {
    const before = ['one', 'two', 'three', 'Meet peers twice a year.', 'five', 'six'].join('\n');
    const after = before.replace('twice', 'four times');
    expect(textDiff(before, after)).toEqual([
      { is: 'gap', lines: 2 },
      { is: 'same', text: 'three' },
      {
        is: 'changed',
        pieces: [
          { is: 'same', text: 'Meet peers ' },
          { is: 'removed', text: 'twice' },
          { is: 'added', text: 'four times' },
          { is: 'same', text: ' a year.' },
        ],
      },
      { is: 'same', text: 'five' },
      { is: 'gap', lines: 1 },
    ]);
  });

  test('that share nothing are one that went and one that came', () => {
    expect(textDiff('Bring a cup.', 'Members only see this when signed in')).toEqual([
      { is: 'removed', text: 'Bring a cup.' },
      { is: 'added', text: 'Members only see this when signed in' },
    ]);
  });

  test('of a text that is new are all new', () => {
    expect(textDiff('', 'a\nb\n')).toEqual([
      { is: 'added', text: 'a' },
      { is: 'added', text: 'b' },
    ]);
  });

  test('of texts that are the same are one gap', () => {
    expect(textDiff('a\nb', 'a\nb')).toEqual([{ is: 'gap', lines: 2 }]);
  });

  test('in their thousands, all different, are compared without delay', () => {
    const text = (word: string) => Array.from({ length: 4000 }, (_, n) => `${word} ${n}`).join('\n');
    const began = cpuTime();
    expect(textDiff(text('before'), text('after'))).toHaveLength(8000);
    expect(cpuTime() - began).toBeLessThan(1500);
  });

  test('that are all long and all different are compared without delay', () => {
    const line = (word: string, at: number) =>
      Array.from({ length: 900 }, (_, n) => `${word}${at * n}`).join(' ');
    const text = (word: string) => Array.from({ length: 30 }, (_, at) => line(word, at)).join('\n');
    const began = cpuTime();
    textDiff(text('before'), text('after'));
    expect(cpuTime() - began).toBeLessThan(1500);
  });
});
