import { eq } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { outbox } from '#db/schema/mail.ts';
import { newId } from '../../platform/ids.ts';
import { seal } from '../../platform/seal.ts';
import { type MailContent, renderMail } from './blocks.ts';
import { nextTurn } from './limits.ts';
import type { MailAttachment, MailBody } from './model.ts';
import { checkedAddress, oneLine } from './safe-text.ts';
import { isSuppressed, unsubscribeUrl } from './unsubscribe.ts';

export type Mail = {
  /** Which mail it is: `verify-sign-up`. Lower case, digits and hyphens. */
  kind: string;
  /** The same mail is never queued twice: `members-handbook:usr_…`. */
  dedupeKey: string;
  to: string;
  content: MailContent;
  /** People may say that they do not want mails like it. */
  optional?: true;
  replyTo?: string;
  attachments?: MailAttachment[];
};

/**
 * Queues `mail` in the caller’s transaction: it goes out if and only if that is kept, and soon after. A key that was queued
 * before changes nothing. What holds links is encrypted. The fourth mail of a kind to one address within an hour waits
 * until the hour allows it; a mail to an address that wants or takes none is kept as `suppressed`, without its words.
 *
 * Throws for an address, kind, link or file name that cannot stand in a mail: the caller has checked what people typed.
 */
export async function enqueueMail(tx: Tx, now: Date, mail: Mail): Promise<void> {
  const { kind, dedupeKey, content, replyTo, attachments = [] } = mail;
  const to = checkedAddress(mail.to);
  const optional = mail.optional === true;
  assertPlain(mail);
  if (await isQueued(tx, dedupeKey)) return;

  const unwanted = await isSuppressed(tx, to, optional);
  const plannedAt = unwanted ? now : await nextTurn(tx, now, to, kind);
  const unsubscribe = optional ? unsubscribeUrl(to) : undefined;
  const { subject, html, text } = renderMail(content, unsubscribe ? { unsubscribeUrl: unsubscribe } : {});
  const body: MailBody = {
    html,
    text,
    headers: {
      'Auto-Submitted': 'auto-generated', // RFC 3834: nobody’s out-of-office answers it
      ...(unsubscribe && {
        'List-Unsubscribe': `<${unsubscribe}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click', // RFC 8058
      }),
    },
    ...(replyTo && { replyTo: checkedAddress(replyTo) }),
    attachments,
  };
  await tx.insert(outbox).values({
    id: newId('mail', now),
    dedupeKey,
    kind,
    to,
    subject,
    sealedBody: unwanted ? null : seal('mail-body', JSON.stringify(body)),
    optional,
    state: unwanted ? 'suppressed' : 'waiting',
    plannedAt,
    nextAttemptAt: plannedAt,
    createdAt: now,
  });
}

async function isQueued(tx: Tx, dedupeKey: string): Promise<boolean> {
  return (await tx.$count(outbox, eq(outbox.dedupeKey, dedupeKey))) > 0;
}

function assertPlain({ kind, attachments = [] }: Mail) {
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(kind))
    throw new Error('The kind of a mail is lower case with hyphens.');
  for (const { filename, contentType } of attachments) {
    if (!filename || filename !== oneLine(filename) || /[/\\"]/.test(filename))
      throw new Error('A file in a mail needs a plain name.');
    if (!/^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)*$/.test(contentType))
      throw new Error('A file in a mail needs a content type.');
  }
}
