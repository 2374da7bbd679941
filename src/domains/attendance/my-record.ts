import type { Reads } from '#db/client.ts';
import type { Id } from '../../platform/ids.ts';
import { chosenPeriod, type PeriodChoice } from './periods.ts';
import { type DevelopmentRecord, developmentRecord, type RecordCode, recordCodes } from './records.ts';

export type MyRecord = {
  record: DevelopmentRecord;
  period: PeriodChoice;
  codes: RecordCode[];
  /** The one that this period has. */
  code: RecordCode | undefined;
};

/** The viewer’s record of the period of this key, with its code. Undefined for a user that there is not. 3 queries. */
export async function myRecord(
  read: Reads,
  viewer: { id: Id<'usr'> },
  choices: readonly PeriodChoice[],
  key: string | null,
): Promise<MyRecord | undefined> {
  const period = chosenPeriod(choices, key);
  const [record, codes] = await Promise.all([
    developmentRecord(read, viewer.id, period),
    recordCodes(read, viewer.id),
  ]);
  const isOfPeriod = ({ fromAt, untilAt }: RecordCode) =>
    fromAt?.getTime() === period.fromAt?.getTime() && untilAt?.getTime() === period.untilAt?.getTime();
  return record && { record, period, codes, code: codes.find(isOfPeriod) };
}
