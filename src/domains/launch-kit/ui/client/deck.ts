import Reveal from 'reveal.js';

/** What the deck and the speaker's view tell each other, on a channel of this school and length. */
type Message = { at: number } | { go: number } | { ask: 'where' };

const deck = document.querySelector<HTMLElement>('.deck');
const isForReading = matchMedia('(max-width: 47.99rem)').matches || location.search.includes('print-pdf');
if (isForReading) deck?.classList.add('is-sequence');
else if (deck) void present(deck);

show('[data-print]', () => window.print());

/** Turns the sequence of slides into a presentation: keys, touch, overview, full screen and the speaker's view. */
async function present(root: HTMLElement) {
  root.classList.add('reveal');
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const presentation = new Reveal(root, {
    width: 1280,
    height: 720,
    margin: 0.1,
    center: false,
    hash: true,
    scrollActivationWidth: 0,
    transition: isStill ? 'none' : 'fade',
    transitionSpeed: 'fast',
  });
  await presentation.initialize();

  const place = () => presentation.getIndices().h;
  const channel = new BroadcastChannel(root.dataset['channel'] ?? '');
  const say = (message: Message) => channel.postMessage(message);
  presentation.on('slidechanged', () => say({ at: place() }));
  channel.addEventListener('message', ({ data }: MessageEvent<Partial<Record<string, unknown>>>) => {
    if (typeof data['go'] === 'number') presentation.slide(data['go']);
    else if (data['ask'] === 'where') say({ at: place() });
  });

  const notes = document.querySelector<HTMLAnchorElement>('[data-notes]');
  const openNotes = () => {
    if (notes) window.open(notes.href, 'launch-kit-notes', 'width=1180,height=780');
  };
  notes?.addEventListener('click', (event) => {
    event.preventDefault();
    openNotes();
  });
  presentation.addKeyBinding({ keyCode: 83, key: 'S', description: 'Speaker’s view' }, openNotes);

  show('[data-full-screen]', () => void document.documentElement.requestFullscreen());
  document.addEventListener('fullscreenchange', () => {
    presentation.configure({ margin: document.fullscreenElement ? 0 : 0.1 });
  });
}

/** Shows a button that only works with this script. */
function show(selector: string, press: () => void) {
  const button = document.querySelector<HTMLButtonElement>(selector);
  if (!button) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    press();
    button.blur(); // or the space bar presses it again instead of going on
  });
}
