/** What was changed, in ids and figures. Never addresses, tokens, IP numbers or what people wrote: rows cannot be erased. */
export type AuditDetail = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export type AuditEvent = {
  at: Date;
  /** The user who did it; null when the system did (a job, the first set-up). */
  actorId: string | null;
  /** Subject and past tense: `user.suspended`, `login.succeeded`, `site.published`. */
  action: `${string}.${string}`;
  /** What it was done to: `user` and its id. */
  subjectType: string;
  subjectId: string;
  detail?: AuditDetail;
};

/** One row as the database holds it: `at` in milliseconds, `detail` as its JSON text. */
export type AuditRecord = {
  id: string;
  position: number;
  at: number;
  actorId: string | null;
  action: string;
  subjectType: string;
  subjectId: string;
  detail: string;
  previousHash: string | null;
};

/**
 * The text whose SHA-256 is the row’s hash. A JSON list, so that no two rows share a text. Changing this function makes
 * every row written before look tampered with.
 */
export function auditRecordText(record: AuditRecord): string {
  return JSON.stringify([
    record.previousHash,
    record.position,
    record.id,
    record.at,
    record.actorId,
    record.action,
    record.subjectType,
    record.subjectId,
    record.detail,
  ]);
}
