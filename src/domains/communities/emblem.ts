/** The emblem's side in its own units; a page scales it as it likes. */
export const emblemSize = 60;

const cell = 20;

/** Path of a shape in a cell whose corner is at x, y: four quarter circles, two half circles, a full one. */
const shapes: ((x: number, y: number) => string)[] = [
  (x, y) => `M${x} ${y}h20a20 20 0 0 1-20 20z`,
  (x, y) => `M${x + 20} ${y}v20a20 20 0 0 1-20-20z`,
  (x, y) => `M${x + 20} ${y + 20}h-20a20 20 0 0 1 20-20z`,
  (x, y) => `M${x} ${y + 20}v-20a20 20 0 0 1 20 20z`,
  (x, y) => `M${x} ${y + 10}a10 10 0 0 1 20 0z`,
  (x, y) => `M${x + 10} ${y}a10 10 0 0 1 0 20z`,
  (x, y) => `M${x} ${y + 10}a10 10 0 1 0 20 0a10 10 0 1 0-20 0z`,
];

/**
 * A community's emblem: nine cells of circles and their parts, the same for a slug at any time and place.
 * Returns two SVG paths in a square of `emblemSize`: `strong` in the area's colour, `ink` in the text's.
 */
export function emblem(slug: string): { strong: string; ink: string } {
  const random = randomFrom(slug);
  const paths = { strong: '', ink: '' };
  for (let index = 0; index < 9; index++) {
    const shape = shapes[Math.floor(random() * (shapes.length + 1))];
    const layer = random() < 0.68 ? 'strong' : 'ink';
    if (shape) paths[layer] += shape((index % 3) * cell, Math.floor(index / 3) * cell);
  }
  return paths;
}

/** Numbers from 0 to 1 that depend on the text alone (FNV-1a into mulberry32). */
function randomFrom(text: string): () => number {
  let state = 0x811c9dc5;
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
