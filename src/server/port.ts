import { createServer } from 'node:net';

/** Says in one sentence why a server cannot listen, and which variable to change; undefined for other errors. */
export function listenProblem(error: unknown, host: string, port: number): string | undefined {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken by another program. Stop that one, or choose another with the variable PORT, for example PORT=${port + 1}.`;
    case 'EACCES':
      return `Port ${port} may not be used by this user. Choose one above 1023 with the variable PORT.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host}. Set the variable HOST to one it has, or to 0.0.0.0 for all, and SITE_URL to the address people use.`;
    default:
      return undefined;
  }
}

/** Why nothing can listen there now; undefined when it can. */
export function portProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const problem = listenProblem(error, host, port);
      if (problem) resolve(problem);
      else reject(error);
    });
    probe.listen(port, host, () => probe.close(() => resolve(undefined)));
  });
}
