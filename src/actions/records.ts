import { chosenPeriod, type PeriodChoice } from '../domains/attendance/periods.ts';
import { giveCodeInput, withdrawCodeInput } from '../domains/attendance/record-inputs.ts';
import { giveCode, withdrawCode } from '../domains/attendance/records.ts';
import { goTo, refuse, signedInForm } from './define.ts';

/** Forms of a record of professional development; `choices` are the seasons of content. */
export const recordForms = (choices: readonly PeriodChoice[]) => ({
  give: signedInForm(giveCodeInput, async ({ ctx, viewer }, { covers }) => {
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
