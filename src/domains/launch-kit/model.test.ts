import { describe, expect, test } from 'vitest';
import { deckLength, joinedSentence, slidesOf } from './model.ts';

describe('a deck', () => {
  const slides = [
    { title: 'Third', order: 3, version: 'both' as const },
    { title: 'B', order: 2, version: 'long' as const },
    { title: 'A', order: 2, version: 'both' as const },
  ];

  test('of 10 minutes leaves out what is only for the longer one', () => {
    expect(slidesOf(slides, 10).map(({ title }) => title)).toEqual(['A', 'Third']);
  });

  test('of 30 minutes has all slides by their place, and by headline where it is the same', () => {
    expect(slidesOf(slides, 30).map(({ title }) => title)).toEqual(['A', 'B', 'Third']);
  });

  test.each([
    ['30', 30],
    ['10', 10],
    ['60', 10],
    ['', 10],
    [null, 10],
  ])('asked for by %j is the one of %i minutes', (asked, minutes) => {
    expect(deckLength(asked)).toBe(minutes);
  });
});

test.each([
  [0, 'You could be the first of us to join.'],
  [1, 'One of us has joined already.'],
  [1200, '1,200 of us have joined already.'],
])('%i colleagues are told of in a whole sentence', (count, sentence) => {
  expect(joinedSentence(count)).toBe(sentence);
});
