import { makePage } from '@keystatic/astro/ui';
import config from '../../../../../keystatic.config.ts';

/** Keystatic’s own interface, with our collections. */
export const Editor = makePage(config);
