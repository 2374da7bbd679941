import { minutesText } from '../../lib/minutes.ts';
import { counted } from '../../lib/text.ts';
import type { DevelopmentRecord, RecordLine } from './records.ts';

export const howWords: Readonly<Record<RecordLine['mark'], string>> = {
  live: 'Attended live',
  recording: 'Via recording',
};

/** `6 hours 20 minutes in 4 live sessions`. */
export function recordTotal({ lines, minutes }: DevelopmentRecord): string {
  return `${minutesText(minutes)} in ${counted(lines.length, 'live session')}`;
}

/** What every record says about itself, on the page, on paper and where it is checked. */
export const recordNote =
  'It lists live sessions that were attended live or watched afterwards as a recording. Minutes of a meeting are those that were counted in it, where they were; otherwise the length of the live session.';
