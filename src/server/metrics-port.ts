import { createServer } from 'node:http';
import { AggregatorRegistry } from 'prom-client';
import { log } from '../platform/log.ts';

/**
 * Offers the figures of all processes, added up, at http://127.0.0.1:`port`/metrics: nobody else can reach them there. A port that
 * is taken is said in the log; the site does without. 0 offers none.
 */
export function serveMetrics(port: number): { close(): void } | undefined {
  if (port === 0) return undefined;
  const registry = new AggregatorRegistry();
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return response.writeHead(404).end();
    return registry.clusterMetrics().then(
      (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      (error: unknown) => {
        log.warn({ err: error }, 'metrics.failed');
        response.writeHead(503).end(); // a process that is just ending gave no answer
      },
    );
  });
  server.on('error', (error) => log.warn({ err: error, port }, 'metrics.cannot-listen'));
  server.listen(port, '127.0.0.1');
  return { close: () => server.close() };
}
