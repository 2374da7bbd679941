import { type Agent, get } from 'node:http';

/** One request, on a connection of its own or of `agent`, and its whole answer. Rejects when none comes within 30 seconds. */
export function ask(url: string, agent: Agent | false = false): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('No answer after 30 seconds.')));
    request.once('error', reject);
  });
}
