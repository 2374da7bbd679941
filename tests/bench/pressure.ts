import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import autocannon from 'autocannon';

export type Pressure = { perSecond: number; p99Ms: number; failed: number };

const hasWrk = spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined;
/** What makes the load: wrk where there is one, since it leaves more of the machine to the server. */
export const loadTool = hasWrk ? 'wrk' : 'autocannon';

/** Asks for one address on so many connections for so many seconds, as fast as it answers. */
export async function press(
  url: string,
  headers: Record<string, string>,
  seconds: number,
  connections = 64,
): Promise<Pressure> {
  return hasWrk
    ? pressWithWrk(url, headers, seconds, connections)
    : pressWithAutocannon(url, headers, seconds, connections);
}

async function pressWithWrk(
  url: string,
  headers: Record<string, string>,
  seconds: number,
  connections: number,
): Promise<Pressure> {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const { stdout } = await promisify(execFile)('wrk', [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...lines],
    url,
  ]);
  const [, p99 = '0', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s|m)/.exec(stdout) ?? [];
  const inMs = { us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit] ?? 1;
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+)/.exec(stdout) ?? [];
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0),
    p99Ms: Number(p99) * inMs,
    failed: errors.slice(1).reduce((sum, count) => sum + Number(count), refused),
  };
}

async function pressWithAutocannon(
  url: string,
  headers: Record<string, string>,
  seconds: number,
  connections: number,
): Promise<Pressure> {
  const result = await autocannon({ url, headers, connections, duration: seconds });
  return {
    perSecond: result.requests.average,
    p99Ms: result.latency.p99,
    failed: result.errors + result.non2xx,
  };
}
