/** Milliseconds that this process has computed, in all its threads. Holds a bound while other work keeps the machine busy. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
