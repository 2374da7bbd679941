import { type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { dayIn } from '../../lib/time.ts';

const day = 86_400_000;

/** How long before its last day a school’s membership year is brought to mind. */
export const endingSoonDays = 60;
/** After how many days a SAM who has not set up yet, or an applicant who has paid and not joined, is worth a word. */
export const quietDays = 7;

/** How many wait, and since when the one that waits longest has; null when none does. */
export type Waiting = { count: number; since: Date | null };

export type StaffOverview = {
  newApplications: Waiting;
  acceptedUnpaid: Waiting;
  paidNotJoined: Waiting;
  newEnquiries: Waiting;
  failedMails: Waiting;
  /** Mails whose turn has come; `since` is when it came. */
  waitingMails: Waiting;
  /** Up to five of each, and how many there are. */
  endingSchools: SchoolsToSee;
  pausedSchools: SchoolsToSee;
  quietSams: SchoolsToSee;
  people: number;
  schools: number;
};

export type SchoolsToSee = {
  count: number;
  first: {
    id: string;
    name: string /** Last day of the membership year, or the SAM’s name. */;
    detail: string;
  }[];
};

/** What waits for staff, in one query. Nothing here is exact to the second, and nothing is somebody’s in particular. */
export async function staffOverview(read: Reads, now: Date): Promise<StaffOverview> {
  const quietSince = now.getTime() - quietDays * day;
  // A membership year ends with its day in the school’s zone. To be told of a day early or late does no harm.
  const today = dayIn('Asia/Shanghai', now);
  const endingBy = dayIn('Asia/Shanghai', new Date(now.getTime() + endingSoonDays * day));
  const [row] = await read
    .select({
      newApplications: waiting(sql`created_at`, sql`applications WHERE state = 'received'`),
      acceptedUnpaid: waiting(
        sql`coalesce(decided_at, updated_at)`,
        sql`applications WHERE state = 'accepted'`,
      ),
      paidNotJoined: waiting(
        sql`coalesce(paid_at, updated_at)`,
        sql`applications WHERE state = 'paid' AND coalesce(paid_at, updated_at) < ${quietSince}`,
      ),
      newEnquiries: waiting(sql`created_at`, sql`enquiries WHERE state = 'new'`),
      failedMails: waiting(sql`coalesce(failed_at, created_at)`, sql`outbox WHERE state = 'failed'`),
      waitingMails: waiting(
        sql`planned_at`,
        sql`outbox WHERE state IN ('waiting', 'sending') AND planned_at <= ${now.getTime()}`,
      ),
      endingSchools: schoolsToSee(
        sql`SELECT id, name, membership_ends_on AS detail FROM schools
          WHERE membership_ends_on BETWEEN ${today} AND ${endingBy} ORDER BY membership_ends_on, name`,
      ),
      pausedSchools: schoolsToSee(
        sql`SELECT id, name, membership_ends_on AS detail FROM schools
          WHERE paused_at IS NOT NULL AND membership_ends_on >= ${today} ORDER BY name`,
      ),
      quietSams: schoolsToSee(
        sql`SELECT schools.id, schools.name, sam_offers.name AS detail
          FROM sam_offers JOIN schools ON schools.id = sam_offers.school_id
          WHERE sam_offers.accepted_at IS NULL AND sam_offers.withdrawn_at IS NULL
            AND sam_offers.last_sent_at < ${quietSince}
          ORDER BY sam_offers.last_sent_at`,
      ),
      people: sql<number>`(SELECT count(*) FROM users)`,
      schools: sql<number>`(SELECT count(*) FROM schools)`,
    })
    .from(sql`(SELECT 1)`);
  return row!;
}

function waiting(since: SQL, rows: SQL) {
  return sql<Waiting>`(SELECT json_object('count', count(*), 'since', min(${since})) FROM ${rows})`.mapWith(
    (text: string): Waiting => {
      const { count, since: ms } = JSON.parse(text) as { count: number; since: number | null };
      return { count, since: ms === null ? null : new Date(ms) };
    },
  );
}

function schoolsToSee(rows: SQL) {
  return sql<SchoolsToSee>`(
    SELECT json_object('count', (SELECT count(*) FROM (${rows})), 'first', json_group_array(
      json_object('id', id, 'name', name, 'detail', detail)
    )) FROM (${rows} LIMIT 5)
  )`.mapWith((text: string) => JSON.parse(text) as SchoolsToSee);
}
