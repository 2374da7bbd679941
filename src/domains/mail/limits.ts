import { and, gt, gte, lt, type Placeholder, type SQL, sql } from 'drizzle-orm';
import type { Db, Reads } from '#db/client.ts';
import { outbox } from '#db/schema/mail.ts';
import { log } from '../../platform/log.ts';
import { dailyFloor, dailySurge, mostPerHour } from './model.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * When one more mail of this kind may go to this address: now, or as soon as there are fewer than three in an hour. People
 * who press a button again and again get all that they asked for, but not at once.
 */
export async function nextTurn(read: Reads, now: Date, to: string, kind: string): Promise<Date> {
  const [row] = await read
    .select({ third: sql<number | null>`(${thirdTurn(to, kind)})` })
    .from(sql`(SELECT 1)`);
  return turnAfter(row?.third == null ? undefined : new Date(row.third), now);
}

/** When the third last mail of this kind to this address was planned, as a subquery in milliseconds. */
export function thirdTurn(to: string | Placeholder, kind: string | Placeholder): SQL {
  return sql`SELECT ${outbox.plannedAt} FROM ${outbox}
    WHERE ${outbox.to} = ${to} AND ${outbox.kind} = ${kind} AND ${outbox.state} <> 'suppressed'
    ORDER BY ${outbox.plannedAt} DESC LIMIT 1 OFFSET ${sql.raw(String(mostPerHour - 1))}`;
}

/** The next turn after mails of which the third last was planned for `third`. */
export function turnAfter(third: Date | undefined, now: Date): Date {
  return third ? new Date(Math.max(now.getTime(), third.getTime() + hour)) : now;
}

/**
 * Whether the site may send one more mail today, which then counts as sent. Past 5,000 in 24 hours, and ten times what a
 * day of the week before had, something must be wrong: mails wait, and an error in the log says so once. Counts in the
 * database once a minute, so several processes may together pass the limit by what they send in one.
 */
export async function takeFromDay(db: Db, now: Date): Promise<boolean> {
  const known = budgets.get(db);
  const isFresh = known && Math.abs(now.getTime() - known.countedAt) < minute;
  const budget = isFresh ? known : await newBudget(db, now, known);
  budget.left -= 1;
  if (budget.left >= 0) return true;
  if (!budget.isTold) log.error('mail.daily_limit_reached');
  budget.isTold = true;
  return false;
}

type Budget = { countedAt: number; left: number; isTold: boolean };
const budgets = new WeakMap<Db, Budget>();

async function newBudget(db: Db, now: Date, before: Budget | undefined): Promise<Budget> {
  const left = await dailyAllowance(db.read, now);
  const meanwhile = budgets.get(db);
  if (meanwhile && meanwhile !== before) return meanwhile; // another lane counted too
  const budget = { countedAt: now.getTime(), left, isTold: left <= 0 && (before?.isTold ?? false) };
  budgets.set(db, budget);
  return budget;
}

/** How many more mails fit into the 24 hours that end now. Looks at the week before only once the day is full. */
async function dailyAllowance(read: Reads, now: Date): Promise<number> {
  const dayAgo = new Date(now.getTime() - day);
  const firstOfDay = read.select({ id: outbox.id }).from(outbox).where(gt(outbox.sentAt, dayAgo));
  const counted = await read.$count(firstOfDay.limit(dailyFloor).as('first_of_day'));
  if (counted < dailyFloor) return dailyFloor - counted;
  const weekBefore = new Date(dayAgo.getTime() - 7 * day);
  const [sentInDay, sentBefore] = await Promise.all([
    read.$count(outbox, gt(outbox.sentAt, dayAgo)),
    read.$count(outbox, and(gte(outbox.sentAt, weekBefore), lt(outbox.sentAt, dayAgo))),
  ]);
  return Math.max(dailyFloor, Math.floor((dailySurge * sentBefore) / 7)) - sentInDay;
}
