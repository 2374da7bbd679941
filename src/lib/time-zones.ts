/** Time zones to choose from, by their IANA names. Browser-safe. */

/** Names that this platform lists in an older spelling (IANA tz database, file `backward`). */
const renamed: Readonly<Record<string, string>> = {
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Europe/Kiev': 'Europe/Kyiv',
};

/** The zone in the spelling of the list, so that an older name finds its choice. */
export function zoneInList(zone: string): string {
  return renamed[zone] ?? zone;
}

export type ZoneChoice = { value: string; label: string };

const choiceOf = (zone: string): ZoneChoice => ({
  value: zone,
  label: zone.replace('/', ': ').replaceAll('/', ', ').replaceAll('_', ' '),
});

const choices: readonly ZoneChoice[] = [
  ...new Set([...Intl.supportedValuesOf('timeZone').map(zoneInList), 'UTC']),
]
  .sort()
  .map(choiceOf);

/** All zones, `Asia: Ho Chi Minh`; also `current`, should the list not know it. */
export function zoneChoices(current?: string): readonly ZoneChoice[] {
  if (!current || choices.some(({ value }) => value === current)) return choices;
  return [choiceOf(current), ...choices];
}
