import { and, asc, desc, eq, gt, isNull, lt, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { auditEvents } from '#db/schema/audit.ts';
import type { AuditDetail } from '../audit/model.ts';

const auditPageSize = 50;

/** What of the audit log is asked for. `before` and `after` are positions: a log that grows moves no page. */
export type AuditFilter = {
  action?: string | undefined;
  /** A user, or `system` for what nobody did by hand. */
  actorId?: string | undefined;
  subjectId?: string | undefined;
  before?: number | undefined;
  after?: number | undefined;
};

export type AuditEntry = {
  position: number;
  at: Date;
  actorId: string | null;
  action: string;
  subjectType: string;
  subjectId: string;
  detail: AuditDetail;
};

/** What an address asks of the audit log. What has not the form of what it says is left out. */
export function auditFilter(params: URLSearchParams): AuditFilter {
  const text = (name: string) => {
    const value = params.get(name) ?? '';
    return /^[\w.:-]{1,120}$/.test(value) ? value : undefined;
  };
  const position = (name: string) => {
    const value = params.get(name) ?? '';
    return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  };
  return {
    action: text('action'),
    actorId: text('actor'),
    subjectId: text('subject'),
    before: position('before'),
    after: position('after'),
  };
}

const columns = {
  position: auditEvents.position,
  at: auditEvents.at,
  actorId: auditEvents.actorId,
  action: auditEvents.action,
  subjectType: auditEvents.subjectType,
  subjectId: auditEvents.subjectId,
  detail: auditEvents.detail,
};

/**
 * Fifty entries of the audit log, newest first; the positions from which older and newer ones go on, where there are any;
 * and what the ids in them are called, as far as they are still there. 2 queries.
 */
export async function auditPage(read: Reads, filter: AuditFilter) {
  const { before, after } = filter;
  const upward = after !== undefined && before === undefined;
  const rows = await read
    .select(columns)
    .from(auditEvents)
    .where(
      and(
        matching(filter),
        before === undefined ? undefined : lt(auditEvents.position, before),
        upward ? gt(auditEvents.position, after) : undefined,
      ),
    )
    .orderBy(upward ? asc(auditEvents.position) : desc(auditEvents.position))
    .limit(auditPageSize + 1);
  const hasMore = rows.length > auditPageSize;
  const entries: AuditEntry[] = rows.slice(0, auditPageSize);
  if (upward) entries.reverse();
  const [newest, oldest] = [entries[0]?.position, entries.at(-1)?.position];
  return {
    entries,
    names: await namesIn(read, entries, [filter.actorId, filter.subjectId]),
    older: upward || hasMore ? oldest : undefined,
    newer: upward ? (hasMore ? newest : undefined) : before === undefined ? undefined : newest,
  };
}

export type AuditNames = ReadonlyMap<string, string>;
export type AuditPage = Awaited<ReturnType<typeof auditPage>>;

function matching({ action, actorId, subjectId }: AuditFilter): SQL | undefined {
  const byActor =
    actorId === 'system' ? isNull(auditEvents.actorId) : actorId && eq(auditEvents.actorId, actorId);
  return and(
    action ? eq(auditEvents.action, action) : undefined,
    byActor || undefined,
    subjectId ? eq(auditEvents.subjectId, subjectId) : undefined,
  );
}

/** The last entries about one subject, newest first, and what the ids in them are called. 2 queries. */
export async function auditEntriesAbout(read: Reads, subjectId: string, most: number) {
  const entries: AuditEntry[] = await read
    .select(columns)
    .from(auditEvents)
    .where(eq(auditEvents.subjectId, subjectId))
    .orderBy(desc(auditEvents.position))
    .limit(most);
  return { entries, names: await namesIn(read, entries) };
}

/** Every action that the log has, by name. Goes from one to the next by the index: the log is long and its actions are few. */
export async function auditActions(read: Reads): Promise<string[]> {
  const rows = await read.select({ action: sql<string>`action` }).from(sql`(
    WITH RECURSIVE known(action) AS (
      SELECT min(action) FROM audit_events
      UNION ALL
      SELECT (SELECT min(action) FROM audit_events WHERE action > known.action) FROM known
      WHERE known.action IS NOT NULL
    )
    SELECT action FROM known WHERE action IS NOT NULL
  )`);
  return rows.map(({ action }) => action);
}

/** Where things with an id have their names. */
const namedThings: Readonly<Record<string, SQL>> = {
  usr: sql`SELECT id, name FROM users`,
  sch: sql`SELECT id, name FROM schools`,
  app: sql`SELECT id, name FROM applications`,
  enq: sql`SELECT id, name FROM enquiries`,
  cpn: sql`SELECT id, code AS name FROM coupons`,
  mail: sql`SELECT id, subject AS name FROM outbox`,
};

async function namesIn(
  read: Reads,
  entries: AuditEntry[],
  others: (string | undefined)[] = [],
): Promise<AuditNames> {
  const mentioned = entries.flatMap(({ actorId, subjectId, detail }) => [
    actorId,
    subjectId,
    ...Object.values(detail).flat(),
  ]);
  const ids = new Set([...mentioned, ...others].filter((id) => typeof id === 'string'));
  const byKind = Map.groupBy(ids, (id) => id.split('_', 1)[0] ?? '');
  const parts = Object.entries(namedThings).flatMap(([kind, things]) => {
    const some = byKind.get(kind);
    if (!some) return [];
    const list = sql.join(
      some.map((id) => sql`${id}`),
      sql`, `,
    );
    return [sql`${things} WHERE id IN (${list})`];
  });
  if (parts.length === 0) return new Map();
  const rows = await read
    .select({ id: sql<string>`id`, name: sql<string>`name` })
    .from(sql`(${sql.join(parts, sql` UNION ALL `)})`);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
