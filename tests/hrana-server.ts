import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A remote libSQL primary for tests: speaks Hrana 2 and 3 over HTTP in JSON (tursodatabase/libsql, docs/HRANA_3_SPEC.md) on top
 * of a file, through the driver that `@libsql/client` itself uses. Error codes and sentences, single-use batons, and streams that
 * end after ten idle seconds are those of libsql-server.
 */
export type HranaServer = {
  /** What `openDb` is given. Stays the same across `stop` and `start`. */
  url: string;
  /** HTTP requests so far. */
  requests: () => number;
  /** Ends every stream as a crash does: what was not committed is gone. Refuses connections from then on. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Takes requests and answers none, like a machine behind a broken line, until `resume`. */
  hang(): void;
  resume(): void;
  /** Carries out the next request that contains `sql`, and drops the connection in place of answering. */
  loseAnswerTo(sql: string): void;
  /** Ends the open streams as after ten idle seconds. */
  expireStreams(): void;
  /** How long each answer takes on top. */
  delay(ms: number): void;
};

export type HranaOptions = {
  authToken?: string;
  /** A stream that nobody used so long is over. */
  idleMs?: number;
  /** A transaction of this age is rolled back at its next statement. */
  longestTransactionMs?: number;
};

type Row = unknown[];
type NativeStatement = {
  reader: boolean;
  raw(on: boolean): NativeStatement;
  safeIntegers(on: boolean): NativeStatement;
  columns(): { name: string; type: string | null }[];
  all(args: unknown): Row[];
  run(args: unknown): { changes: number; lastInsertRowid: number | bigint };
};
type Native = {
  inTransaction: boolean;
  prepare(sql: string): NativeStatement;
  exec(sql: string): void;
  close(): void;
};

/** The native driver, found from where the client is. */
const Database = createRequire(createRequire(import.meta.url).resolve('@libsql/client'))('libsql') as new (
  file: string,
  options: { timeout: number },
) => Native;

type Value =
  | { type: 'null' }
  | { type: 'integer'; value: string }
  | { type: 'float'; value: number }
  | { type: 'text'; value: string }
  | { type: 'blob'; base64: string };
type Statement = {
  sql?: string;
  sql_id?: number;
  args?: Value[];
  named_args?: { name: string; value: Value }[];
  want_rows?: boolean;
};
type Condition =
  | { type: 'ok' | 'error'; step: number }
  | { type: 'not'; cond: Condition }
  | { type: 'and' | 'or'; conds: Condition[] }
  | { type: 'is_autocommit' };
type Batch = { steps: { condition?: Condition | null; stmt: Statement }[] };
type Request =
  | { type: 'close' | 'get_autocommit' }
  | { type: 'execute'; stmt: Statement }
  | { type: 'batch'; batch: Batch }
  | { type: 'sequence' | 'describe'; sql?: string; sql_id?: number }
  | { type: 'store_sql'; sql_id: number; sql: string }
  | { type: 'close_sql'; sql_id: number };
type Result = ReturnType<typeof resultOf>;

type Stream = {
  id: string;
  baton: string;
  database: Native;
  sqls: Map<number, string>;
  idle?: NodeJS.Timeout;
  begunAt?: number;
};

/** What libsql-server answers a statement with that fails: the base code, and SQLite’s own words. */
class StatementError extends Error {
  code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** What is wrong with a request as a whole. */
class Refusal extends Error {
  status: number;
  code: string | undefined;
  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const busyWaitMs = 5000;

/** Serves the database in `file` on a free port of this machine. */
export async function startHranaServer(file: string, options: HranaOptions = {}): Promise<HranaServer> {
  const { idleMs = 10_000, longestTransactionMs = 5000 } = options;
  const streams = new Map<string, Stream>();
  const expired = new Set<string>();
  const sockets = new Set<Socket>();
  let requests = 0;
  let isHanging = false;
  let delayMs = 0;
  let lost: string | undefined;
  let port = 0;

  function end(stream: Stream) {
    clearTimeout(stream.idle);
    streams.delete(stream.id);
    // What was prepared lives on until it is garbage-collected, and the lock with it.
    if (stream.database.inTransaction) stream.database.exec('ROLLBACK');
    stream.database.close();
  }

  function expire(stream: Stream) {
    end(stream);
    expired.add(stream.id);
  }

  /** The stream of a baton, which is good for one request; a new one where there is none. */
  function take(baton: string | undefined | null): Stream {
    if (!baton) {
      const id = randomBytes(8).toString('hex');
      const stream = { id, baton: '', database: new Database(file, { timeout: 0 }), sqls: new Map() };
      streams.set(id, stream);
      return stream;
    }
    const [id = ''] = baton.split('.');
    if (expired.has(id)) throw new Refusal(400, 'The stream has expired due to inactivity', 'STREAM_EXPIRED');
    const stream = streams.get(id);
    if (!stream) throw new Refusal(400, 'Received an invalid baton');
    if (stream.baton !== baton) throw new Refusal(400, 'Received a baton that has already been used');
    clearTimeout(stream.idle);
    stream.baton = '';
    return stream;
  }

  /** The baton of the next request; null once the stream was closed. */
  function give(stream: Stream): string | null {
    if (!streams.has(stream.id)) return null;
    stream.baton = `${stream.id}.${randomBytes(8).toString('hex')}`;
    stream.idle = setTimeout(() => expire(stream), idleMs).unref();
    return stream.baton;
  }

  async function run(stream: Stream, statement: Statement): Promise<Result> {
    const sql = sqlOf(stream, statement);
    if (stream.database.inTransaction && Date.now() - (stream.begunAt ?? Date.now()) > longestTransactionMs) {
      stream.database.exec('ROLLBACK');
      throw new StatementError('Transaction timed out', 'TRANSACTION_TIMEOUT');
    }
    const wasOpen = stream.database.inTransaction;
    const result = await patiently(stream, () => resultOf(stream.database, sql, statement));
    if (!wasOpen && stream.database.inTransaction) stream.begunAt = Date.now();
    return result;
  }

  async function runBatch(stream: Stream, { steps }: Batch) {
    const results: (Result | null)[] = [];
    const errors: ({ message: string; code: string } | null)[] = [];
    for (const { condition, stmt } of steps) {
      const place = results.push(null) - 1;
      errors.push(null);
      if (condition && !holds(condition)) continue;
      try {
        results[place] = await run(stream, stmt);
      } catch (error) {
        errors[place] = told(error);
      }
    }
    return { step_results: results, step_errors: errors };

    function holds(condition: Condition): boolean {
      switch (condition.type) {
        case 'ok':
          return results[condition.step] !== null;
        case 'error':
          return errors[condition.step] !== null;
        case 'not':
          return !holds(condition.cond);
        case 'and':
          return condition.conds.every(holds);
        case 'or':
          return condition.conds.some(holds);
        case 'is_autocommit':
          return !stream.database.inTransaction;
      }
    }
  }

  async function answerOne(stream: Stream, request: Request): Promise<unknown> {
    const { type } = request;
    switch (type) {
      case 'close':
        end(stream);
        return { type };
      case 'get_autocommit':
        return { type, is_autocommit: !stream.database.inTransaction };
      case 'execute':
        return { type, result: await run(stream, request.stmt) };
      case 'batch':
        return { type, result: await runBatch(stream, request.batch) };
      case 'sequence': {
        const sql = sqlOf(stream, request);
        await patiently(stream, () => stream.database.exec(sql));
        return { type };
      }
      case 'describe': {
        const statement = stream.database.prepare(sqlOf(stream, request));
        const cols = statement.reader
          ? statement.columns().map(({ name, type: decltype }) => ({ name, decltype }))
          : [];
        return { type, result: { params: [], cols, is_explain: false, is_readonly: statement.reader } };
      }
      case 'store_sql':
        stream.sqls.set(request.sql_id, request.sql);
        return { type };
      case 'close_sql':
        stream.sqls.delete(request.sql_id);
        return { type };
    }
  }

  async function pipeline(body: { baton?: string | null; requests: Request[] }, isGone: () => boolean) {
    const stream = take(body.baton);
    const results: unknown[] = [];
    for (const request of body.requests) {
      if (isGone() && streams.has(stream.id)) end(stream); // nobody will ever have its baton
      if (!streams.has(stream.id)) break;
      try {
        results.push({ type: 'ok', response: await answerOne(stream, request) });
      } catch (error) {
        results.push({ type: 'error', error: told(error) });
      }
    }
    if (isGone() && streams.has(stream.id)) end(stream);
    return { baton: give(stream), base_url: null, results };
  }

  /** The entries of a cursor, one JSON a line. */
  async function cursor(body: { baton?: string | null; batch: Batch }): Promise<string> {
    const stream = take(body.baton);
    const { step_results: results, step_errors: errors } = await runBatch(stream, body.batch);
    const entries = results.flatMap((result, step): unknown[] => {
      if (errors[step]) return [{ type: 'step_error', step, error: errors[step] }];
      if (!result) return [];
      const { cols, rows, affected_row_count, last_insert_rowid } = result;
      return [
        { type: 'step_begin', step, cols },
        ...rows.map((row) => ({ type: 'row', row })),
        { type: 'step_end', affected_row_count, last_insert_rowid },
      ];
    });
    return [{ baton: give(stream), base_url: null }, ...entries]
      .map((entry) => `${JSON.stringify(entry)}\n`)
      .join('');
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    requests += 1;
    const route = `${request.method} ${request.url}`;
    if (/^GET \/v[23]$/.test(route)) return send(response, 200, 'text/plain', '');
    if (options.authToken && request.headers.authorization !== `Bearer ${options.authToken}`)
      return sendError(
        response,
        new Refusal(401, 'Unauthorized: the JWT is not one of ours', 'AUTH_JWT_INVALID'),
      );
    const body = (await json(request)) as never;
    if (isHanging) return;
    if (delayMs > 0) await sleep(delayMs);
    try {
      const isLost = lost !== undefined && JSON.stringify(body).includes(lost);
      const text = /^POST \/v[23]\/pipeline$/.test(route)
        ? JSON.stringify(await pipeline(body, () => response.destroyed))
        : route === 'POST /v3/cursor'
          ? await cursor(body)
          : undefined;
      if (text === undefined) return sendError(response, new Refusal(404, 'No such path'));
      if (isLost) {
        lost = undefined;
        response.destroy();
        return;
      }
      send(response, 200, 'application/json', text);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sendError(response, error);
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  async function start() {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    port = (server.address() as AddressInfo).port;
  }

  async function stop() {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    for (const stream of streams.values()) end(stream);
    expired.clear();
    await closed;
  }

  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    stop,
    start,
    hang: () => {
      isHanging = true;
    },
    resume: () => {
      isHanging = false;
    },
    loseAnswerTo: (sql) => {
      lost = sql;
    },
    expireStreams: () => [...streams.values()].forEach(expire),
    delay: (ms) => {
      delayMs = ms;
    },
  };
}

function sqlOf(stream: Stream, { sql, sql_id }: { sql?: string; sql_id?: number }): string {
  const text = sql ?? stream.sqls.get(sql_id ?? -1);
  if (text === undefined) throw new Refusal(400, 'SQL text is neither there nor stored');
  return text;
}

/** Waits its turn to write as libsql-server does, while other streams are answered. */
async function patiently<T>(stream: Stream, attempt: () => T): Promise<T> {
  const deadline = Date.now() + busyWaitMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      const isBusy = ((error as { rawCode?: number }).rawCode ?? 0) % 256 === 5;
      if (!isBusy || stream.database.inTransaction || Date.now() > deadline) throw error;
      await sleep(3);
    }
  }
}

function resultOf(database: Native, sql: string, { args, named_args, want_rows }: Statement) {
  if (/^\s*(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|END)\b/i.test(sql)) {
    database.exec(sql); // a prepared one that is refused would stay unfinished
    return { cols: [], rows: [] as Value[][], affected_row_count: 0, last_insert_rowid: null };
  }
  const statement = database.prepare(sql).safeIntegers(true);
  const bound = named_args?.length
    ? Object.fromEntries(named_args.map(({ name, value }) => [name.replace(/^[:@$]/, ''), fromValue(value)]))
    : (args ?? []).map(fromValue);
  if (!statement.reader) {
    const { changes, lastInsertRowid } = statement.run(bound);
    return {
      cols: [],
      rows: [] as Value[][],
      affected_row_count: changes,
      last_insert_rowid: String(lastInsertRowid),
    };
  }
  const cols = statement.columns().map(({ name, type }) => ({ name, decltype: type }));
  const rows = statement.raw(true).all(bound);
  return {
    cols,
    rows: want_rows === false ? [] : rows.map((row) => row.map(toValue)),
    affected_row_count: /^\s*SELECT/i.test(sql) ? 0 : rows.length,
    last_insert_rowid: null,
  };
}

function toValue(value: unknown): Value {
  if (value === null || value === undefined) return { type: 'null' };
  if (typeof value === 'bigint') return { type: 'integer', value: String(value) };
  if (typeof value === 'number') return { type: 'float', value };
  if (typeof value === 'string') return { type: 'text', value };
  return { type: 'blob', base64: Buffer.from(value as Uint8Array).toString('base64') };
}

function fromValue(value: Value): unknown {
  switch (value.type) {
    case 'null':
      return null;
    case 'integer':
      return BigInt(value.value);
    case 'float':
    case 'text':
      return value.value;
    case 'blob':
      return Buffer.from(value.base64, 'base64');
  }
}

function told(error: unknown): { message: string; code: string } {
  if (error instanceof Refusal) throw error;
  if (error instanceof StatementError) return { message: error.message, code: error.code };
  const { message, code = 'UNKNOWN' } = error as { message: string; code?: string };
  return {
    message: `SQLite error: ${message}`,
    code: code.split('_').slice(0, 2).join('_'), // libsql-server tells base codes only
  };
}

function send(response: ServerResponse, status: number, type: string, text: string) {
  response.writeHead(status, { 'Content-Type': type }).end(text);
}

function sendError(response: ServerResponse, { status, message, code }: Refusal) {
  if (code) send(response, status, 'application/json', JSON.stringify({ message, code }));
  else send(response, status, 'text/plain', message);
}
