/** What the supervisor and the processes it starts say to each other. */

/** From a worker. `failing`: it goes on answering, but wants to be replaced. */
export type FromWorker =
  | { worker: 'ready'; url: string }
  | { worker: 'cannot-listen'; reason: string }
  | { worker: 'failing' };

/** From the job runner: let the site serve this release. Answered with the same `id`. */
export type FromJobRunner = { ask: 'move'; id: string | number; release: string };

/** To a worker. */
export type ToWorker =
  | { order: 'drain'; how: 'patiently' | 'quickly' }
  /** What is wrong with the whole site, as sentences, for /readyz. */
  | { tell: 'troubles'; troubles: string[] };

/** To the job runner. */
export type ToJobRunner = { answer: 'move'; id: string | number } & Moved;

/** Whether all workers serve a release now; where not, all serve the one before, and `reason` is a sentence. */
export type Moved = { moved: true } | { moved: false; reason: string };
