import { retryInput, suppressionInput } from '../domains/mail/outbox-inputs.ts';
import { liftSuppression as lift } from '../domains/mail/unsubscribe.ts';
import { retryMail as retry } from '../domains/mail/upkeep.ts';
import { goTo, refuse, staffForm } from './define.ts';

export const retryMail = staffForm(retryInput, async ({ ctx, viewer, params, url }) => {
  const isQueued = await retry(ctx, viewer.id, params['id'] ?? '');
  return isQueued
    ? goTo(`${url.pathname}?done=queued`)
    : refuse('This mail cannot be sent again: it has not failed, or what it said is forgotten by now.', 409);
});

export const liftSuppression = staffForm(
  suppressionInput,
  async ({ ctx, viewer, url }, { email, reason }) => {
    await lift(ctx, viewer.id, email, reason);
    return goTo(`${url.pathname}?done=lifted`);
  },
);
