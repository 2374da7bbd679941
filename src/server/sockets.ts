import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { longestSave } from './bodies.ts';
import { networkOf } from './network.ts';

const mostSocketsAnAddress = 200;
/** However many processes share them, a browser and a school's proxy need a few in each. */
const fewestSocketsAnAddress = 25;
/** Of one process. */
const mostSockets = 1_000;
/** The longest that any response may take: a film of 8 MB at 14 KB/s. */
const longestResponse = 10 * 60_000;

export type SocketLimits = {
  /** Sockets that one remote address may hold; loopback is exempt unless this is given. */
  mostSocketsAnAddress?: number;
  /** How many processes share the connections evenly: each lets one address hold its part. */
  processes?: number;
};

/** Puts the limits on connections and their time on a server, before it listens. */
export function limitConnections(server: Server, limits: SocketLimits): void {
  server.headersTimeout = 10_000;
  server.requestTimeout = longestSave;
  server.keepAliveTimeout = 5_000;
  server.timeout = 30_000;
  server.maxConnections = mostSockets;
  limitAnAddress(server, limits);
}

/** Cuts off who reads a response too slowly to ever finish it. */
export function giveUpInTime(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), longestResponse);
  response.once('close', () => clearTimeout(timer));
}

/** Resolves once the server listens; rejects with the system’s error (`EADDRINUSE`, …) when it cannot. */
export function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Takes no more connections and closes those that rest; resolves once the others are done. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
}

/** Takes no more connections and leaves all that are open, which an `http.Server` would close although a request may be on its way. */
export function closeToNew(server: Server): Promise<void> {
  return new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve()));
}

/** One address may not take all the sockets. Loopback is the proxy in front, which speaks for everybody. */
function limitAnAddress(server: Server, { mostSocketsAnAddress: given, processes = 1 }: SocketLimits) {
  const most = given ?? Math.max(fewestSocketsAnAddress, Math.ceil(mostSocketsAnAddress / processes));
  const held = new Map<string, number>();
  const exempt = given === undefined ? new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']) : new Set<string>();
  server.on('connection', (socket) => {
    if (exempt.has(socket.remoteAddress ?? '')) return;
    const address = networkOf(socket.remoteAddress ?? '');
    const count = (held.get(address) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    held.set(address, count);
    socket.once('close', () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left > 0) held.set(address, left);
      else held.delete(address);
    });
  });
}
