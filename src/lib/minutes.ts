/** `6 hours 20 minutes`, `45 minutes`, `1 hour`: a length in whole minutes, as people say it. */
export function minutesText(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const parts = [hours > 0 && inWords(hours, 'hour'), (rest > 0 || hours === 0) && inWords(rest, 'minute')];
  return parts.filter(Boolean).join(' ');
}

const inWords = (count: number, unit: string) =>
  `${count.toLocaleString('en-GB')} ${unit}${count === 1 ? '' : 's'}`;
