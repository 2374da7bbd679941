/** An image of the content, known by its bytes: another upload has another address. */
export type ContentImage = {
  /** Name of the uploaded file in its entry’s folder. */
  file: string;
  /** First letters of the hash of its bytes. */
  hash: string;
  /** Size in pixels, as it is seen: turned as the camera was held. */
  width: number;
  height: number;
};

/** One form of an image that pages show. `path` is its address on the site without the first slash. */
export type ImageForm = { path: string; width: number; height: number; isCropped: boolean };

const portraitSize = 144;

/** The forms of an image in a text, the smallest first: as wide as the text, and for screens with more pixels. */
export function textForms(id: string, image: ContentImage): ImageForm[] {
  const largest = Math.min(image.width, 1408); // twice the measure of a text
  return [...[480, 880].filter((width) => width < largest), largest].map((width) => ({
    path: `_astro/images/${id}.${image.hash}-${width}.webp`,
    width,
    height: Math.max(1, Math.round((width * image.height) / image.width)),
    isCropped: false,
  }));
}

/** The square form of a person’s picture. */
export function portraitForm(id: string, image: ContentImage): ImageForm {
  const path = `_astro/images/${id}.${image.hash}-portrait.webp`;
  return { path, width: portraitSize, height: portraitSize, isCropped: true };
}
