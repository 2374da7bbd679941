import type { APIContext } from 'astro';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import { myRecord } from '../domains/attendance/my-record.ts';
import { chosenPeriod, type PeriodChoice } from '../domains/attendance/periods.ts';
import { giveCodeInput, withdrawCodeInput } from '../domains/attendance/record-inputs.ts';
import { recordPdf } from '../domains/attendance/record-pdf.ts';
import { giveCode, withdrawCode } from '../domains/attendance/records.ts';
import { goTo, refuse, refuseUntil, signedInForm } from './define.ts';
import { asAttachment, tooOften } from './downloads.ts';

/** A code that is withdrawn is remembered for good. */
const codes = { name: 'record-codes', most: 30, inMs: 24 * 3_600_000 } as const satisfies Limit;

/** Forms of a record of professional development; `choices` are the seasons of content. */
export const recordForms = (choices: readonly PeriodChoice[]) => ({
  give: signedInForm(giveCodeInput, async ({ ctx, viewer }, { covers }) => {
    const until = await countAct(ctx, codes, viewer.id);
    if (until) return refuseUntil('You have given very many codes today. Please come back tomorrow.', until);
    const period = chosenPeriod(choices, covers);
    const given = await giveCode(ctx, viewer, period);
    return 'refused' in given
      ? refuse('You have given twenty records a code. Withdraw one that nobody needs any more.')
      : goTo(`/me/record?covers=${period.key}&done=given`);
  }),
  withdraw: signedInForm(withdrawCodeInput, async ({ ctx, viewer }, { record }) => {
    await withdrawCode(ctx, viewer, record);
    return goTo('/me/record?done=withdrawn');
  }),
});

/** Drawing a page holds up everybody else for some tenths of a second. */
const papers = { name: 'record-papers', most: 30, inMs: 3_600_000 } as const satisfies Limit;

/** The viewer’s own record as a PDF. It is posted for, since it is counted. `choices` are the seasons of content. */
export async function downloadRecord(
  { locals: { db, now, viewer }, url }: APIContext,
  choices: readonly PeriodChoice[],
): Promise<Response> {
  const mine = viewer && (await myRecord(db.read, viewer, choices, url.searchParams.get('covers')));
  if (!mine) return new Response(null, { status: 404 });
  const until = await countAct({ db, now }, papers, viewer.id);
  if (until) return tooOften('You have saved many PDFs just now. Please wait an hour.', until, now);
  const { record, period, code } = mine;
  const bytes = await recordPdf({ ...record, title: period.title }, code, { now, timeZone: viewer.timeZone });
  return asAttachment({ fileName: `peersphere-record-${period.key}.pdf`, bytes: new Uint8Array(bytes) });
}
