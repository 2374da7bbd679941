import { z } from 'astro/zod';
import { optionalLine } from '../../lib/inputs.ts';
import { listView } from '../../lib/paging.ts';
import type { HandMark } from './marks.ts';
import { meetingFileLimits } from './meeting-file.ts';
import { attendanceLimits, attendanceMarks } from './model.ts';
import type { SheetQuery } from './sheet-queries.ts';

/** People on a page of the sheet: one press saves them all. */
const peopleOnPage = 100;

/** What `?q=&state=&add=&page=` asks of a sheet. */
export function sheetQuery(params: URLSearchParams): SheetQuery {
  return {
    list: listView(params, ['name'], 'name', peopleOnPage),
    state: params.get('state') ?? '',
    add: (params.get('add') ?? '').trim().slice(0, 100),
  };
}

/** A button without fields. */
export const nothingInput = z.strictObject({});

const chooseFile = 'Choose the attendance file of the meeting tool.';

/** A file; browsers send an empty one without a name where none was chosen. */
export const fileInput = z.strictObject({
  file: z
    .instanceof(File, { error: chooseFile })
    .refine(({ name, size }) => name !== '' || size > 0, chooseFile)
    .refine(
      ({ size }) => size <= meetingFileLimits.bytes,
      'The file is larger than 2 MB. Attendance reports are far smaller: please look whether it is the right one.',
    ),
});

/** An act on one import of the list. */
export const importInput = z.strictObject({ import: z.string().max(60) });

/**
 * The sheet: for each person `mark-<id>` (empty for no mark), `minutes-<id>`, and in `was-<id>` what stood there, like
 * `live 74`. Only what differs from that comes out: who else is at work on the sheet loses nothing.
 */
export const marksInput = z
  .record(
    z.string().regex(/^(?:mark|minutes|was)-usr_[0-9a-f]{32}$/),
    z.string({ error: 'Choose one mark for each person.' }).max(40),
    { error: 'This form was sent with fields it does not have. Reload the page and try again.' },
  )
  .transform((fields, ctx): HandMark[] =>
    Object.keys(fields).flatMap((name) => {
      const userId = /^mark-(.+)$/.exec(name)?.[1];
      if (!userId) return [];
      const field = `minutes-${userId}`;
      const typed = (fields[field] ?? '').trim();
      if (!/^\d{0,4}$/.test(typed) || Number(typed) > attendanceLimits.minutes) {
        ctx.addIssue({ code: 'custom', path: [field], message: wholeMinutes });
        return [];
      }
      const chosen = fields[name] === '' && typed !== '' ? 'live' : fields[name];
      const mark = chosen === '' ? 'cleared' : attendanceMarks.find((each) => each === chosen);
      if (!mark) {
        ctx.addIssue({ code: 'custom', path: [field], message: 'Choose one of the marks.' });
        return [];
      }
      const minutes = mark === 'live' && typed !== '' ? Number(typed) : null;
      const isAsBefore = (fields[`was-${userId}`] ?? '') === markText(mark, minutes);
      return isAsBefore ? [] : [{ userId, mark, minutes }];
    }),
  );

const wholeMinutes = `Enter whole minutes, at most ${attendanceLimits.minutes.toLocaleString('en')}.`;

/** A mark as `was-<id>` has it. */
export const markText = (mark: HandMark['mark'] | null, minutes: number | null) =>
  [mark === 'cleared' ? '' : mark, mark === 'live' ? minutes : null]
    .filter((part) => part !== null)
    .join(' ');

/** Who the rows of a file are: for each line one of these, or a text that somebody typed. */
export type RowChoice = {
  line: number;
  choice: { user: string } | { typed: string } | 'guest' | 'ignored' | 'open';
};

/**
 * The preview: for each line `is-<line>`, which is a user’s id, `named`, `guest`, `ignored` or `open`, and what was typed in
 * `name-<line>`. Something typed into a row that is open counts.
 */
export const rowsInput = z
  .record(
    z.string().regex(/^(?:is|name)-[1-9]\d{0,6}$/),
    z.string({ error: 'Choose one answer for each line.' }).max(200, 'Use 200 characters or fewer.'),
    { error: 'This form was sent with fields it does not have. Reload the page and try again.' },
  )
  .transform((fields, ctx): RowChoice[] =>
    Object.keys(fields).flatMap((name): RowChoice[] => {
      const line = /^is-(\d+)$/.exec(name)?.[1];
      if (!line) return [];
      const [chosen = '', typed = ''] = [fields[name], fields[`name-${line}`]?.trim()];
      const isNamed = chosen === 'named' || (chosen === 'open' && typed !== '');
      if (isNamed && typed === '') {
        ctx.addIssue({
          code: 'custom',
          path: [`name-${line}`],
          message: `Line ${line}: enter a name or an address.`,
        });
        return [];
      }
      const choice = isNamed ? { typed } : choiceOf(chosen);
      if (choice) return [{ line: Number(line), choice }];
      ctx.addIssue({
        code: 'custom',
        path: [`name-${line}`],
        message: `Line ${line}: choose one of the answers.`,
      });
      return [];
    }),
  );

function choiceOf(chosen: string): RowChoice['choice'] | undefined {
  if (chosen === 'guest' || chosen === 'ignored' || chosen === 'open') return chosen;
  return /^usr_[0-9a-f]{32}$/.test(chosen) ? { user: chosen } : undefined;
}

/** Minutes from which somebody attended live. */
export const thresholdInput = z.strictObject({
  minutes: optionalLine(3)
    .refine(
      (typed) => /^\d{1,3}$/.test(typed) && Number(typed) >= 1 && Number(typed) <= 480,
      'Enter a whole number from 1 to 480.',
    )
    .transform(Number),
});
