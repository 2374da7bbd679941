import type { Db } from '#db/client.ts';

/** What a command or query needs from its caller: the database, and what time it is. */
export type Ctx = { db: Db; now: Date };
