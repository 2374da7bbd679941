/** The steps of a release, in order. Those of a roll-back are `sync` and `move` alone. */
export const releaseSteps = [
  'check-out',
  'check',
  'render',
  'index',
  'compress',
  'try-out',
  'sync',
  'move',
] as const;
export type ReleaseStep = (typeof releaseSteps)[number];

/** What a step does, for who watches it. */
export const stepNames: Record<ReleaseStep, string> = {
  'check-out': 'Take the content as it was saved',
  check: 'Check the content',
  render: 'Draw the pages that changed',
  index: 'Bring search up to date',
  compress: 'Pack the files',
  'try-out': 'Try the new release',
  sync: 'Bring the communities up to date',
  move: 'Let the site serve it',
};

/** One save on its way to people: a commit of the content. `paths` are those of the content: `people/mei.yaml`. */
export type PublishedSave = { commit: string; author: string; at: string; message: string; paths: string[] };

/** Somebody who pressed a button. */
export type Asker = { id: string; name: string };

/** Why a release was made. */
export type ReleaseCause = 'first' | 'content' | 'code' | 'asked';

/**
 * A release as its folder says it: one version of the code with one version of the content. Moments are ISO strings. `number`
 * grows by one with each release and says which is newer, whatever the clock said.
 */
export type Release = {
  format: 1;
  id: string;
  number: number;
  /** Commit of the content; null where there is no Git, so the content is the shipped one. */
  commit: string | null;
  codeBuild: string;
  /** Fingerprint of the content’s files. */
  content: string;
  cause: ReleaseCause;
  madeAt: string;
  /** From the moment the publisher began until the release was whole and tried, in milliseconds. */
  tookMs: number;
  steps: { name: ReleaseStep; ms: number }[];
  pages: number;
  /** Paths of pages, `/people/mei`: at most 500 of each, whose number is beside them. */
  changed: string[];
  changedCount: number;
  removed: string[];
  removedCount: number;
  /** What it brings that the release before had not, newest first; at most 100. */
  saves: PublishedSave[];
};

/** What is wrong with a release that was tried: a page or file of it, and a sentence. */
export type ReleaseFault = { page: string; message: string };

/** Whose fault a failure is: content and tried waits for an editor, code for a developer; the machine’s is tried again by itself. */
export type FailureReason = 'content' | 'tried' | 'code' | 'machine';

/** A release that did not come to be, or to which the site could not move. What was live stayed live. */
export type FailedRelease = {
  format: 1;
  id: string;
  number: number;
  commit: string | null;
  codeBuild: string;
  cause: ReleaseCause | 'roll-back';
  startedAt: string;
  at: string;
  step: ReleaseStep;
  reason: FailureReason;
  /** What happened, as a sentence for editors. */
  error: string;
  problems: { file: string; field?: string; line?: number; message: string }[];
  faults: ReleaseFault[];
  log: string[];
  saves: PublishedSave[];
  /** How often this was tried so far, and when it is tried again by itself. */
  attempts: number;
  retryAt: string | null;
};

export type StepState = 'waiting' | 'begun' | 'done' | 'failed';

/** What the publisher does at this moment. */
export type Run = {
  id: string;
  kind: ReleaseCause | 'roll-back';
  /** The release a roll-back leads to; for a new one, the id it will have. */
  release: string;
  commit: string | null;
  startedAt: string;
  saves: PublishedSave[];
  by: Asker | null;
  steps: { name: ReleaseStep; state: StepState; ms: number | null; done?: number; of?: number }[];
  /** The last lines that were said, at most 60. */
  log: string[];
};

/**
 * What people see of the publisher. `resting`: what is live is the newest. `working`: see `run`. `failed`: the newest content
 * did not become a release. `held`: somebody went back, so nothing is published before the next save or press. `stuck`: the
 * publisher cannot work; `trouble` says why, and it tries again by itself.
 */
type PublisherState = 'resting' | 'working' | 'failed' | 'held' | 'stuck';

export type Progress = {
  format: 1;
  /** Grows with each change, for pages that ask again. */
  revision: number;
  state: PublisherState;
  writtenAt: string;
  /** The process that writes this. */
  pid: number;
  /** Newest commit of the content, as far as the publisher saw it. */
  head: string | null;
  run: Run | null;
  /** Id of the failure that keeps `head` from being live. */
  failure: string | null;
  trouble: string | null;
};

/** One move of the site, newest first in a list. */
export type Move = {
  release: string;
  number: number;
  commit: string | null;
  at: string;
  /** `unchanged`: a save that brought nothing new to see, so the release stayed. `undone`: the site could not move there. */
  how: 'published' | 'rolled-back' | 'unchanged' | 'undone';
  by: Asker | null;
};

/** What the publisher must not forget: `publishing/state.json`. */
export type LiveState = {
  format: 1;
  lastNumber: number;
  /** What the site serves, since when. `head` is the newest commit that it shows: a save that changes nothing needs no release. */
  live: (Move & { codeBuild: string; head: string | null }) | null;
  /** A move that was begun and is not known to have ended; of a roll-back, with the request for it. */
  moving: (Omit<Move, 'at'> & { from: string | null; request?: string }) | null;
  /** Somebody went back: this content with this code is published only when asked for. */
  held: { commit: string | null; codeBuild: string; at: string; by: Asker | null } | null;
  /** The last 100 moves, newest first. */
  moves: Move[];
  /** Whether the database still has to hear of the live release’s communities. */
  isUnsynced: boolean;
  /** The last 20 requests that were done, so that none is done twice. */
  doneRequests: string[];
  /** Audit events that the database has not heard yet. */
  unaudited: {
    at: string;
    actorId: string | null;
    action: 'site.published' | 'site.rolled-back' | 'site.publish-failed';
    release: string;
    detail: Record<string, string | number | null>;
  }[];
};

/** What somebody asks of the publisher. */
export type PublishRequest = {
  format: 1;
  id: string;
  at: string;
  by: Asker;
} & ({ ask: 'publish-now' } | { ask: 'retry' } | { ask: 'roll-back'; release: string });

/** How many releases are kept, the live one among them. */
export const keptReleases = 5;

/** Saves that follow each other so closely are one release. */
export const quietMs = 1000;
