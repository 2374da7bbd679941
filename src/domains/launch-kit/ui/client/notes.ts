/** Follows the deck in the other window and leads it: the slide of now with what to say, the next one, and the time. */
const list = document.querySelector<HTMLElement>('.cues');
const cues = [...(list?.querySelectorAll<HTMLElement>('.cue') ?? [])];
const channel = new BroadcastChannel(list?.dataset['channel'] ?? '');
let now = 0;

function show(place: number) {
  now = Math.min(Math.max(place, 0), cues.length - 1);
  for (const [index, cue] of cues.entries()) {
    cue.classList.toggle('is-now', index === now);
    cue.classList.toggle('is-next', index === now + 1);
  }
}

function step(by: number) {
  show(now + by);
  channel.postMessage({ go: now });
}

document.documentElement.classList.add('is-live');
show(0);
channel.addEventListener('message', ({ data }: MessageEvent<Partial<Record<string, unknown>>>) => {
  if (typeof data['at'] === 'number') show(data['at']);
});
channel.postMessage({ ask: 'where' });

const steps = document.querySelector<HTMLElement>('[data-steps]');
if (steps) steps.hidden = false;
for (const button of steps?.querySelectorAll<HTMLElement>('[data-step]') ?? [])
  button.addEventListener('click', () => step(Number(button.dataset['step'])));

const keys: Record<string, number> = {
  ArrowRight: 1,
  ArrowDown: 1,
  PageDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1,
  PageUp: -1,
};
document.addEventListener('keydown', (event) => {
  const by = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
  if (!by) return;
  event.preventDefault();
  step(by);
});

const clock = document.querySelector<HTMLElement>('[data-clock]');
const time = clock?.querySelector('[role="timer"]');
let start = performance.now();
if (clock && time) {
  clock.hidden = false;
  clock.querySelector('button')?.addEventListener('click', () => {
    start = performance.now();
    time.textContent = '0:00';
  });
  setInterval(() => {
    const seconds = Math.floor((performance.now() - start) / 1000);
    time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }, 500);
}
