import { clockText, dayIn, momentDayText, spanText, zoneText } from '../../lib/time.ts';

/**
 * Says times of live sessions in the browser’s zone where the server did not know the viewer: each element with
 * `data-local-times` holds the start in its `time` and the end in that attribute. Also what server islands bring later.
 */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function upgrade(when: HTMLElement) {
  const time = when.querySelector('time');
  const named = when.querySelector('.when-zone');
  const until = new Date(when.dataset['localTimes'] ?? '');
  delete when.dataset['localTimes'];
  if (!time || !named || Number.isNaN(until.getTime())) return;
  const at = new Date(time.dateTime);
  time.textContent = spanText(at, until, zone);
  named.textContent = zoneText(zone, at);
  const china = 'Asia/Shanghai';
  const isChina = clockText(at, zone) === clockText(at, china) && dayIn(zone, at) === dayIn(china, at);
  when.querySelector('.when-china')?.remove();
  if (isChina) return;
  const beside = document.createElement('span');
  beside.className = 'when-china';
  const isSameDay = dayIn(zone, at) === dayIn(china, at);
  beside.textContent = `${clockText(at, china)} in China${isSameDay ? '' : `, ${momentDayText(at, china)}`}`;
  named.after(beside);
}

const upgradeAll = () => {
  for (const when of document.querySelectorAll<HTMLElement>('[data-local-times]')) upgrade(when);
};

upgradeAll();
if (document.querySelector('[data-live-sessions]'))
  new MutationObserver(upgradeAll).observe(document.querySelector('main') ?? document.body, {
    childList: true,
    subtree: true,
  });
