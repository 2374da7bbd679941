import { encode } from 'uqr';
import { momentDayText, zoneText } from '../../lib/time.ts';
import { env } from '../../platform/env.ts';
import { type PdfPart, pdf } from '../../platform/pdf.ts';
import { howWords, recordNote, recordTotal } from './record-words.ts';
import type { DevelopmentRecord, RecordCode } from './records.ts';

/** The page on which anyone checks the record of this code. */
export const recordUrl = (code: string) => `${env.siteUrl}/record/${code}`;

/** A record of professional development on paper; days are those of `timeZone`. Without a code it cannot be checked, and says so. */
export function recordPdf(
  record: DevelopmentRecord & { title: string },
  code: Pick<RecordCode, 'code'> | undefined,
  { now, timeZone }: { now: Date; timeZone: string },
): Promise<Buffer> {
  const url = code && recordUrl(code.code);
  const check: PdfPart = url
    ? {
        code: encode(url, { ecc: 'M', border: 0 }).data,
        text: 'Anyone can check this record at the address below, without a password. What stands there counts.',
        href: url,
      }
    : {
        small:
          'This record has no code yet, so it cannot be checked. Its owner gives it one on the page “Your record”.',
      };
  return pdf(
    {
      title: 'Record of professional development',
      lead: 'PeerSphere, peer learning for people who work in international schools',
      foot: `${record.name}, ${record.title}`,
      parts: [
        {
          facts: [
            ['Name', record.name],
            ['Covers', record.title],
            ['In all', recordTotal(record)],
            ['Made on', `${momentDayText(now, timeZone)}; days are those of ${zoneText(timeZone, now)}`],
          ],
        },
        {
          table: {
            head: ['Day', 'Live session', 'Community', 'How', 'Minutes'],
            widths: [0.14, 0.36, 0.25, 0.15, 0.1],
            numbers: [4],
            rows: record.lines.map(({ startsAt, title, communities, mark, minutes }) => [
              momentDayText(startsAt, timeZone),
              title,
              communities.join(', '),
              howWords[mark],
              String(minutes),
            ]),
          },
        },
        check,
        { small: recordNote },
      ],
    },
    now,
  );
}
