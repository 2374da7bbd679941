import { expect, test } from 'vitest';
import { type HandbookChapter, navigationOf } from './model.ts';

/** A handbook whose parts, `part-1` and so on, have as many pages as the numbers say. */
function handbookOfSizes(...sizes: number[]): HandbookChapter[] {
  return sizes.map((size, index) => {
    const id = `part-${index + 1}`;
    const pages = Array.from({ length: size }, (_, place) => ({
      id: `members/${id}-page-${place + 1}`,
      title: `Page ${place + 1}`,
      summary: '',
      part: id,
      order: place + 1,
    }));
    return { id, title: id, summary: '', handbook: 'members', order: index + 1, pages };
  });
}

const listed = (page: string, chapters: HandbookChapter[]) =>
  navigationOf(page, chapters).map(({ pages, hidden }) => [pages.length, hidden]);

test('the navigation lists every page of a handbook of up to 60 pages', () => {
  expect(listed('members/part-1-page-1', handbookOfSizes(40, 20))).toEqual([
    [40, 0],
    [20, 0],
  ]);
});

test('in a larger handbook the navigation lists the page’s neighbours, and the first page of each other part', () => {
  const chapters = handbookOfSizes(400, 400, 1);
  expect(listed('members/part-2-page-200', chapters)).toEqual([
    [1, 399],
    [21, 379],
    [1, 0],
  ]);
  const near = navigationOf('members/part-2-page-200', chapters)[1];
  expect(near?.pages.map(({ title }) => title)).toContain('Page 190');
  expect(near?.pages.at(-1)?.title).toBe('Page 210');
});

test('the navigation of the first page of a large part starts with that page', () => {
  const [part] = navigationOf('members/part-1-page-1', handbookOfSizes(400));
  expect(part?.pages[0]?.id).toBe('members/part-1-page-1');
  expect(part).toMatchObject({ hidden: 389 });
});
