import { sql } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { jsonRow } from '#db/json-row.ts';
import { prepared } from '#db/prepared.ts';
import { mailSuppressions, outbox } from '#db/schema/mail.ts';
import { newId } from '../../platform/ids.ts';
import { seal } from '../../platform/seal.ts';
import { type MailContent, renderMail } from './blocks.ts';
import { thirdTurn, turnAfter } from './limits.ts';
import { type MailAttachment, type MailBody, type SuppressionReason, stops } from './model.ts';
import { checkedAddress, oneLine } from './safe-text.ts';
import { unsubscribeUrl } from './unsubscribe.ts';

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
  const { isQueued, reasons, third } = await before(tx, { dedupeKey, to, kind });
  if (isQueued) return;

  const unwanted = reasons.some((reason) => stops(reason, optional));
  const plannedAt = unwanted ? now : turnAfter(third, now);
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
  await insertMail(tx).run({
    id: newId('mail', now),
    dedupeKey,
    kind,
    to,
    subject,
    sealedBody: unwanted ? null : seal('mail-body', JSON.stringify(body)),
    optional,
    state: unwanted ? 'suppressed' : 'waiting',
    plannedAt,
    now,
  });
}

/** What decides whether and when the mail goes out: whether it is queued, why its address gets none, and its third last one. */
async function before(
  tx: Tx,
  mail: { dedupeKey: string; to: string; kind: string },
): Promise<{ isQueued: boolean; reasons: SuppressionReason[]; third: Date | undefined }> {
  const [{ found } = { found: undefined }] = await lookBefore(tx).all(mail);
  return {
    isQueued: found?.isQueued === 1,
    reasons: found?.reasons ?? [],
    third: found?.third == null ? undefined : new Date(found.third),
  };
}

const lookBefore = prepared((tx: Tx) =>
  tx
    .select({
      found: jsonRow({
        isQueued: sql<
          0 | 1
        >`EXISTS (SELECT 1 FROM ${outbox} WHERE ${outbox.dedupeKey} = ${sql.placeholder('dedupeKey')})`,
        reasons: sql<
          SuppressionReason[]
        >`json((SELECT json_group_array(${mailSuppressions.reason}) FROM ${mailSuppressions}
          WHERE ${mailSuppressions.email} = ${sql.placeholder('to')}))`,
        third: sql<number | null>`(${thirdTurn(sql.placeholder('to'), sql.placeholder('kind'))})`,
      }),
    })
    .from(sql`(SELECT 1)`)
    .prepare(),
);

const insertMail = prepared((tx: Tx) =>
  tx
    .insert(outbox)
    .values({
      id: sql.placeholder('id'),
      dedupeKey: sql.placeholder('dedupeKey'),
      kind: sql.placeholder('kind'),
      to: sql.placeholder('to'),
      subject: sql.placeholder('subject'),
      sealedBody: sql.placeholder('sealedBody'),
      optional: sql.placeholder('optional'),
      state: sql.placeholder('state'),
      plannedAt: sql.placeholder('plannedAt'),
      nextAttemptAt: sql.placeholder('plannedAt'),
      createdAt: sql.placeholder('now'),
    })
    .prepare(),
);

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
