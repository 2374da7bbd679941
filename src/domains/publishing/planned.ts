import path from 'node:path';
import { env } from '../../platform/env.ts';
import { type Id, newId } from '../../platform/ids.ts';
import {
  closePlannedBranch,
  mergePlanned,
  openPlannedBranch,
  plannedBranch,
} from '../content/planned-branches.ts';
import { headOf } from '../content/repository.ts';
import { publishingPaths, readJson, readJsonFolder, writeJson } from './release-folders.ts';

/**
 * Planned changes: saves that wait on a branch of their own until their time, or until somebody publishes them. What is known
 * of each stands in a file of `DATA_DIR/publishing/planned`; what it changes is in the history of the content.
 */
export type PlannedChange = {
  id: PlannedId;
  title: string;
  /** When it is published by itself, ISO 8601; null while nobody has said. */
  at: string | null;
  /** Where the clocks are by which `at` was chosen. */
  timeZone: string;
  createdAt: string;
  createdBy: { id: string; name: string; email: string };
  /** The commit of `main` from which it began. */
  base: string;
  state: 'open' | 'conflict' | 'published' | 'dropped';
  /** Entries that others have changed meanwhile, while the state is `conflict`. */
  conflict?: { at: string; paths: string[] };
  /** `by` is null when its time had come; `commit` when there was nothing in it. */
  published?: { at: string; commit: string | null; by: string | null };
};

type PlannedId = Id<'chg'>;
type Folders = { dataDir: string; contentDir: string };
type Author = { id: string; name: string; email: string };

const idPattern = /^chg_[0-9a-f]{32}$/;
export const mostPlannedChanges = 20;

const folderOf = (dataDir: string) => path.join(publishingPaths(dataDir).publishing, 'planned');
const write = (dataDir: string, change: PlannedChange) =>
  writeJson(path.join(folderOf(dataDir), `${change.id}.json`), change);

/** The planned change with this id; undefined when there is none, and for what is no id. */
export async function findPlannedChange(dataDir: string, id: string): Promise<PlannedChange | undefined> {
  return idPattern.test(id) ? readJson<PlannedChange>(path.join(folderOf(dataDir), `${id}.json`)) : undefined;
}

/** All planned changes, those of the next time first, then those without one; published and dropped ones last. */
export async function plannedChanges(dataDir: string): Promise<PlannedChange[]> {
  const rank = (change: PlannedChange) => (!isWaiting(change) ? 2 : change.at === null ? 1 : 0);
  const found = await readJsonFolder<PlannedChange>(folderOf(dataDir));
  return found.sort((a, b) => rank(a) - rank(b) || order(a, b));
}

const order = (a: PlannedChange, b: PlannedChange) =>
  isWaiting(a)
    ? (a.at ?? a.createdAt).localeCompare(b.at ?? b.createdAt)
    : (b.published?.at ?? b.createdAt).localeCompare(a.published?.at ?? a.createdAt);

/** Whether it can still be edited, published or dropped. */
export const isWaiting = ({ state }: PlannedChange) => state === 'open' || state === 'conflict';

/**
 * A new planned change with a branch of its own, or why not: `full` when as many wait as may, `past` for a time that is over.
 */
export async function openPlannedChange(
  { dataDir, contentDir }: Folders,
  now: Date,
  by: Author,
  { title, at, timeZone }: { title: string; at: Date | null; timeZone: string },
): Promise<{ id: PlannedId } | { refused: 'full' | 'past' }> {
  if (at && at <= now) return { refused: 'past' };
  const waiting = (await plannedChanges(dataDir)).filter(isWaiting);
  if (waiting.length >= mostPlannedChanges) return { refused: 'full' };
  const id = newId('chg', now);
  const { base } = await openPlannedBranch(contentDir, id);
  await write(dataDir, {
    id,
    title,
    at: at?.toISOString() ?? null,
    timeZone,
    createdAt: now.toISOString(),
    createdBy: { id: by.id, name: by.name, email: by.email },
    base,
    state: 'open',
  });
  return { id };
}

/** Gives a waiting change another title or time. `past` for a time that is over, `unknown` when nothing waits under the id. */
export async function changePlannedChange(
  dataDir: string,
  now: Date,
  id: string,
  { title, at, timeZone }: { title: string; at: Date | null; timeZone: string },
): Promise<'changed' | 'past' | 'unknown'> {
  const change = await findPlannedChange(dataDir, id);
  if (!change || !isWaiting(change)) return 'unknown';
  if (at && at <= now) return 'past';
  await write(dataDir, { ...change, title, at: at?.toISOString() ?? null, timeZone });
  return 'changed';
}

type Outcome = 'published' | 'conflict' | 'nothing' | 'unknown';

/**
 * Merges a waiting change into `main`, where the publisher finds it. `conflict`: others have changed the same places, and it
 * stays as it is until an editor has looked. `nothing`: it held no change, and is done with. `by` is null when its time has come.
 */
export function publishPlannedChange(
  folders: Folders,
  now: Date,
  id: string,
  by: Author | null,
): Promise<Outcome> {
  return merge(folders, now, id, by, 'stop');
}

/** The same, where its own version counts in every place that others have changed too. Theirs stay in the history. */
export function publishPlannedChangeOverOthers(
  folders: Folders,
  now: Date,
  id: string,
  by: Author,
): Promise<Outcome> {
  return merge(folders, now, id, by, 'take-planned');
}

async function merge(
  { dataDir, contentDir }: Folders,
  now: Date,
  id: string,
  by: Author | null,
  onConflict: 'stop' | 'take-planned',
): Promise<Outcome> {
  const change = await findPlannedChange(dataDir, id);
  if (!change || !isWaiting(change)) return 'unknown';
  const { name, email } = by ?? change.createdBy;
  const how = { author: { name, email }, now, title: change.title, onConflict };
  const holds = await headOf(contentDir, plannedBranch(change.id));
  const merged = await mergePlanned(contentDir, change.id, how);
  if (merged.outcome === 'conflict') {
    const conflict = { at: now.toISOString(), paths: merged.paths };
    await write(dataDir, { ...change, state: 'conflict', conflict });
    return 'conflict';
  }
  const isOver = merged.outcome === 'nothing' && !(await isStillWaiting(dataDir, change.id));
  if (isOver) return 'unknown'; // somebody else has published it at the same moment
  const { conflict: _over, ...rest } = change;
  const commit = merged.outcome === 'merged' ? merged.commit : null;
  const published = { at: now.toISOString(), commit, by: by?.name ?? null };
  await write(dataDir, { ...rest, state: 'published', published });
  // From here on no save of it can begin; one that was under way is part of it as well.
  for (let at = holds; !(await closePlannedBranch(contentDir, change.id, at)); ) {
    at = await headOf(contentDir, plannedBranch(change.id));
    await mergePlanned(contentDir, change.id, { ...how, onConflict: 'take-planned' });
  }
  return commit === null ? 'nothing' : 'published';
}

async function isStillWaiting(dataDir: string, id: string): Promise<boolean> {
  const change = await findPlannedChange(dataDir, id);
  return change !== undefined && isWaiting(change);
}

/**
 * Publishes every open change whose time has come, in their order, and says what became of each. One that is in conflict waits
 * for an editor and is not tried again by itself.
 */
export async function publishDuePlanned({
  now,
  ...folders
}: Folders & { now: Date }): Promise<{ id: PlannedId; title: string; outcome: string }[]> {
  const due = (await plannedChanges(folders.dataDir)).filter(
    ({ state, at }) => state === 'open' && at !== null && Date.parse(at) <= now.getTime(),
  );
  const outcomes: { id: PlannedId; title: string; outcome: string }[] = [];
  for (const { id, title } of due)
    outcomes.push({ id, title, outcome: await publishPlannedChange(folders, now, id, null) });
  return outcomes;
}

/** Gives a waiting change up: its saves are gone with it. `unknown` when nothing waits under the id. */
export async function dropPlannedChange(
  { dataDir, contentDir }: Folders,
  id: string,
): Promise<'dropped' | 'unknown'> {
  const change = await findPlannedChange(dataDir, id);
  if (!change || !isWaiting(change)) return 'unknown';
  await write(dataDir, { ...change, state: 'dropped' });
  await closePlannedBranch(contentDir, change.id);
  return 'dropped';
}

const onHttps = env.siteUrl.startsWith('https:');

/** The cookie that says which planned change an editor’s saves go to. */
export const plannedCookieName = onHttps ? '__Host-change' : 'change';

/** The cookie for one planned change, for twelve hours; an empty id takes it away. */
export const plannedCookie = (id: string) => ({
  name: plannedCookieName,
  value: id,
  attributes: {
    httpOnly: true,
    secure: onHttps,
    sameSite: 'lax' as const,
    path: '/' as const,
    maxAge: id === '' ? 0 : 12 * 3600,
  },
});

/** The change that an editor has open, by the cookie’s value; undefined when there is none, or it waits no more. */
export async function plannedChangeOfCookie(
  dataDir: string,
  value: string | undefined,
): Promise<PlannedChange | undefined> {
  const change = value ? await findPlannedChange(dataDir, value) : undefined;
  return change && isWaiting(change) ? change : undefined;
}
