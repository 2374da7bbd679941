import type { MailState, SuppressionReason } from '../model.ts';

type Tone = 'good' | 'wait' | 'bad' | 'quiet';

export const stateWords: Readonly<Record<MailState, { label: string; tone: Tone }>> = {
  waiting: { label: 'Waiting', tone: 'wait' },
  sending: { label: 'Being sent', tone: 'wait' },
  sent: { label: 'Sent', tone: 'good' },
  failed: { label: 'Failed', tone: 'bad' },
  suppressed: { label: 'Kept back', tone: 'quiet' },
};

export const reasonWords: Readonly<Record<SuppressionReason, { label: string; stops: string }>> = {
  bounce: { label: 'Mails bounced', stops: 'every mail' },
  complaint: { label: 'Marked as spam', stops: 'optional mails' },
  unsubscribe: { label: 'Unsubscribed', stops: 'optional mails' },
};

/** Which mail it is: `verify-sign-up` is “Verify sign up”. */
export function kindWords(kind: string): string {
  const words = kind.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
