/** `waiting` for its turn or its next attempt, `sending` now, `sent`, `failed` for good, or `suppressed`: the address wants or takes none. */
export const mailStates = ['waiting', 'sending', 'sent', 'failed', 'suppressed'] as const;
export type MailState = (typeof mailStates)[number];

/** `bounce` stops every mail; `complaint` and `unsubscribe` stop optional ones. */
export const suppressionReasons = ['bounce', 'complaint', 'unsubscribe'] as const;
export type SuppressionReason = (typeof suppressionReasons)[number];

/** Whether this reason keeps a mail back: `optional` mails stop for any, the others only where none arrives. */
export function stops(reason: SuppressionReason, optional: boolean): boolean {
  return optional || reason === 'bounce';
}

export type MailAttachment = { filename: string; contentType: string; content: string /* base64 */ };

/** What of a mail is encrypted until it is sent. */
export type MailBody = {
  html: string;
  text: string;
  headers: Record<string, string>;
  replyTo?: string;
  attachments: MailAttachment[];
};

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** How long to wait after the first attempt, the second, and so on. After one more the mail has failed. */
export const retryDelaysMs = [
  30 * second,
  2 * minute,
  10 * minute,
  hour,
  4 * hour,
  12 * hour,
  24 * hour,
] as const;

/** How long one attempt may take before it counts as failed, and after how long another process may try. */
export const sendLimitMs = 30 * second;
export const leaseMs = 90 * second;

/** So many mails of one kind to one address in an hour; what is more waits. */
export const mostPerHour = 3;

/** More mails a day than this, and than ten times what a day of the last week had, look like a fault: they wait. */
export const dailyFloor = 5000;
export const dailySurge = 10;

/** How long the body of a failed mail is kept, so that staff can send it again; and the record of any mail that is over. */
export const keepFailedBodyMs = 7 * day;
export const keepRecordMs = 90 * day;
