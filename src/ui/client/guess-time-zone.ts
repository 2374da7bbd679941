import { zoneInList } from '../../lib/time-zones.ts';

/** Chooses the browser’s own time zone in a fresh form; without this script the first choice stays. */
const select = document.querySelector<HTMLSelectElement>('[data-guess-time-zone] select');
const zone = zoneInList(Intl.DateTimeFormat().resolvedOptions().timeZone);
const options = [...(select?.options ?? [])];
const initial = options.find(({ defaultSelected }) => defaultSelected) ?? options[0];
// A browser that goes back puts in what was chosen before: that stays.
const isUntouched = select?.value === initial?.value;
if (select && isUntouched && options.some(({ value }) => value === zone)) select.value = zone;
