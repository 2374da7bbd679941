import { and, asc, count, desc, eq, exists, gte, isNull, lt, ne, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { applications, coupons, enquiries, enquiryNotes } from '#db/schema/admissions.ts';
import { schools } from '#db/schema/schools.ts';
import type { Day } from '../../lib/dates.ts';
import type { ListView } from '../../lib/paging.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import {
  type ApplicationState,
  type CouponProblem,
  chinaDay,
  couponProblem,
  type EnquiryState,
} from './model.ts';

/** Whether the user with this address, as it is stored, is a member now and can sign in. */
export async function isMemberAddress(read: Reads, now: Date, email: string): Promise<boolean> {
  const found = await read.$count(
    users,
    and(
      eq(users.email, email),
      isNull(users.suspendedAt),
      isNull(users.erasureDueAt),
      exists(
        read
          .select({ one: sql`1` })
          .from(roleGrants)
          .leftJoin(schools, eq(schools.id, roleGrants.scopeId))
          .where(and(eq(roleGrants.userId, users.id), inForce(now))),
      ),
    ),
  );
  return found > 0;
}

/** As at sign-in: membership through a school ends with the last day of its year, anywhere on earth; other roles do not end. */
function inForce(now: Date) {
  const yesterday = new Date(now.getTime() - 86_400_000).toISOString().slice(0, 10);
  return or(
    ne(roleGrants.role, 'member'),
    eq(roleGrants.scopeId, ''),
    gte(schools.membershipEndsOn, yesterday),
  );
}

export const applicationSorts = ['received', 'name'] as const;

export type ApplicationRow = {
  id: Id<'app'>;
  name: string;
  email: string;
  jobTitle: string;
  workplace: string;
  country: string;
  price: number;
  currency: string;
  percentOff: number | null;
  state: ApplicationState;
  createdAt: Date;
};

/** One page of the applications in a state, or in any, that hold the words; and how many there are. */
export async function applicationsPage(
  read: Reads,
  list: ListView<(typeof applicationSorts)[number]>,
  state: ApplicationState | undefined,
): Promise<{ rows: ApplicationRow[]; total: number }> {
  const wanted = and(
    state ? eq(applications.state, state) : undefined,
    contains(list.q, applications.name, applications.email, applications.jobTitle, applications.workplace),
  );
  const order = { received: applications.createdAt, name: applications.name }[list.sort];
  const rows = await read
    .select({
      id: applications.id,
      name: applications.name,
      email: applications.email,
      jobTitle: applications.jobTitle,
      workplace: applications.workplace,
      country: applications.country,
      price: applications.price,
      currency: applications.currency,
      percentOff: coupons.percentOff,
      state: applications.state,
      createdAt: applications.createdAt,
    })
    .from(applications)
    .leftJoin(coupons, eq(coupons.id, applications.couponId))
    .where(wanted)
    .orderBy(...ordered(list, order, applications.id))
    .limit(list.limit)
    .offset(list.offset);
  return { rows, total: await read.$count(applications, wanted) };
}

/** How many applications there are in each state. */
export async function applicationCounts(read: Reads): Promise<Partial<Record<ApplicationState, number>>> {
  const rows = await read
    .select({ state: applications.state, count: count() })
    .from(applications)
    .groupBy(applications.state);
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

export type ApplicationView = ApplicationRow & {
  timeZone: string;
  communities: string[];
  message: string;
  couponId: Id<'cpn'> | null;
  couponCode: string | null;
  acceptNote: string;
  declineReason: string | null;
  decidedAt: Date | null;
  /** Null where they are gone. */
  decidedByName: string | null;
  paidAt: Date | null;
  paymentNote: string;
  setUpSentAt: Date | null;
  updatedAt: Date;
  /** The user with this address, where there is one. */
  user: { id: Id<'usr'>; isMember: boolean; mayEnter: boolean } | undefined;
  /** Other applications from this address, newest first, ten at most. */
  others: { id: Id<'app'>; state: ApplicationState; createdAt: Date }[];
};

/** An application as staff see it; undefined when there is none of this id. */
export async function applicationView(
  read: Reads,
  now: Date,
  id: string,
): Promise<ApplicationView | undefined> {
  const [row] = await read
    .select({
      id: applications.id,
      name: applications.name,
      email: applications.email,
      jobTitle: applications.jobTitle,
      workplace: applications.workplace,
      country: applications.country,
      timeZone: applications.timeZone,
      communities: applications.communities,
      message: applications.message,
      price: applications.price,
      currency: applications.currency,
      couponId: applications.couponId,
      couponCode: coupons.code,
      percentOff: coupons.percentOff,
      state: applications.state,
      acceptNote: applications.acceptNote,
      declineReason: applications.declineReason,
      decidedAt: applications.decidedAt,
      decidedByName: users.name,
      paidAt: applications.paidAt,
      paymentNote: applications.paymentNote,
      setUpSentAt: applications.setUpSentAt,
      createdAt: applications.createdAt,
      updatedAt: applications.updatedAt,
    })
    .from(applications)
    .leftJoin(coupons, eq(coupons.id, applications.couponId))
    .leftJoin(users, eq(users.id, applications.decidedById))
    .where(eq(applications.id, id as Id<'app'>));
  if (!row) return undefined;
  const [user] = await read
    .select({ id: users.id, suspendedAt: users.suspendedAt, erasureDueAt: users.erasureDueAt })
    .from(users)
    .where(eq(users.email, row.email));
  const others = await read
    .select({ id: applications.id, state: applications.state, createdAt: applications.createdAt })
    .from(applications)
    .where(and(eq(applications.email, row.email), ne(applications.id, row.id)))
    .orderBy(desc(applications.createdAt))
    .limit(10);
  return {
    ...row,
    user: user && {
      id: user.id,
      isMember: await isMemberAddress(read, now, row.email),
      mayEnter: !user.suspendedAt && !user.erasureDueAt,
    },
    others,
  };
}

export const couponSorts = ['issued', 'code', 'left'] as const;

/** What a list of coupons may be narrowed to. */
export const couponFilters = ['usable', 'over'] as const;
export type CouponFilter = (typeof couponFilters)[number];

export type CouponRow = {
  id: Id<'cpn'>;
  code: string;
  percentOff: number;
  usesAllowed: number;
  usesTaken: number;
  lastValidOn: Day | null;
  note: string;
  createdAt: Date;
  endedAt: Date | null;
  /** Why it cannot be used now; undefined where it can. */
  problem: Exclude<CouponProblem, 'unknown'> | undefined;
};

/** One page of the coupons that hold the words, all or those that can be used or cannot; and how many there are. */
export async function couponsPage(
  read: Reads,
  now: Date,
  list: ListView<(typeof couponSorts)[number]>,
  filter: CouponFilter | undefined,
): Promise<{ rows: CouponRow[]; total: number }> {
  const usable = and(
    isNull(coupons.endedAt),
    lt(coupons.usesTaken, coupons.usesAllowed),
    or(isNull(coupons.lastValidOn), gte(coupons.lastValidOn, chinaDay(now))),
  );
  const narrowed = filter && { usable, over: sql`NOT (${usable})` }[filter];
  const wanted = and(narrowed, contains(list.q, coupons.code, coupons.note));
  const left = sql`${coupons.usesAllowed} - ${coupons.usesTaken}`;
  const order = { issued: coupons.createdAt, code: coupons.code, left }[list.sort];
  const rows = await read
    .select({
      id: coupons.id,
      code: coupons.code,
      percentOff: coupons.percentOff,
      usesAllowed: coupons.usesAllowed,
      usesTaken: coupons.usesTaken,
      lastValidOn: coupons.lastValidOn,
      note: coupons.note,
      createdAt: coupons.createdAt,
      endedAt: coupons.endedAt,
    })
    .from(coupons)
    .where(wanted)
    .orderBy(...ordered(list, order, coupons.id))
    .limit(list.limit)
    .offset(list.offset);
  return {
    rows: rows.map((row) => ({ ...row, problem: couponProblem(row, now) })),
    total: await read.$count(coupons, wanted),
  };
}

export const enquirySorts = ['received', 'changed', 'name'] as const;

export type EnquiryRow = {
  id: Id<'enq'>;
  name: string;
  email: string;
  topic: (typeof enquiries.$inferSelect)['topic'];
  organisation: string;
  country: string;
  staffCount: number | null;
  state: EnquiryState;
  createdAt: Date;
  updatedAt: Date;
};

const enquiryRow = {
  id: enquiries.id,
  name: enquiries.name,
  email: enquiries.email,
  topic: enquiries.topic,
  organisation: enquiries.organisation,
  country: enquiries.country,
  staffCount: enquiries.staffCount,
  state: enquiries.state,
  createdAt: enquiries.createdAt,
  updatedAt: enquiries.updatedAt,
};

/** One page of the enquiries in a state, or in any, that hold the words; and how many there are. */
export async function enquiriesPage(
  read: Reads,
  list: ListView<(typeof enquirySorts)[number]>,
  state: EnquiryState | undefined,
): Promise<{ rows: EnquiryRow[]; total: number }> {
  const wanted = and(
    state ? eq(enquiries.state, state) : undefined,
    contains(list.q, enquiries.name, enquiries.email, enquiries.organisation, enquiries.message),
  );
  const order = { received: enquiries.createdAt, changed: enquiries.updatedAt, name: enquiries.name }[
    list.sort
  ];
  const rows = await read
    .select(enquiryRow)
    .from(enquiries)
    .where(wanted)
    .orderBy(...ordered(list, order, enquiries.id))
    .limit(list.limit)
    .offset(list.offset);
  return { rows, total: await read.$count(enquiries, wanted) };
}

/** How many enquiries there are in each state. */
export async function enquiryCounts(read: Reads): Promise<Partial<Record<EnquiryState, number>>> {
  const rows = await read
    .select({ state: enquiries.state, count: count() })
    .from(enquiries)
    .groupBy(enquiries.state);
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

export type EnquiryView = EnquiryRow & {
  message: string;
  /** What staff noted and answered, in the order of time. */
  notes: {
    id: Id<'ent'>;
    kind: 'note' | 'reply';
    body: string;
    /** Null where they are gone. */
    authorName: string | null;
    createdAt: Date;
  }[];
};

/** An enquiry as staff see it; undefined when there is none of this id. */
export async function enquiryView(read: Reads, id: string): Promise<EnquiryView | undefined> {
  const [row] = await read
    .select({ ...enquiryRow, message: enquiries.message })
    .from(enquiries)
    .where(eq(enquiries.id, id as Id<'enq'>));
  if (!row) return undefined;
  const notes = await read
    .select({
      id: enquiryNotes.id,
      kind: enquiryNotes.kind,
      body: enquiryNotes.body,
      authorName: users.name,
      createdAt: enquiryNotes.createdAt,
    })
    .from(enquiryNotes)
    .leftJoin(users, eq(users.id, enquiryNotes.authorId))
    .where(eq(enquiryNotes.enquiryId, row.id))
    .orderBy(enquiryNotes.createdAt, enquiryNotes.id);
  return { ...row, notes };
}

/** By what was asked for, and by id where that is equal, so that no row stands on two pages. Names are sorted whatever their case. */
function ordered(list: ListView, column: SQLiteColumn | SQL, id: SQLiteColumn): SQL[] {
  const by = list.sort === 'name' ? sql`${column} COLLATE NOCASE` : column;
  return list.descending ? [desc(by), desc(id)] : [asc(by), asc(id)];
}
