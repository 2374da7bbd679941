import { hasRole } from '../domains/accounts/model.ts';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import { nudgeInput } from '../domains/attendance/nudge-inputs.ts';
import { sendNudges } from '../domains/attendance/nudges.ts';
import type { Id } from '../platform/ids.ts';
import { goTo, notFound, refuse, refuseUntil, samForm } from './define.ts';

const presses = { name: 'nudges', most: 60, inMs: 3_600_000 } as const satisfies Limit;

/** Sends the ready message to those who were ticked, or to all. A mail names the SAM; staff who do it for a school stay unnamed. */
export const nudge = samForm(nudgeInput, async (call, { kind, whom, person, note }) => {
  const { ctx, viewer, params } = call;
  const schoolId = (params['school'] ?? '') as Id<'sch'>;
  if (whom === 'chosen' && person.length === 0)
    return refuse({ person: 'Tick at least one person, or send it to everybody.' });
  const until = await countAct(ctx, presses, viewer.id);
  if (until) return refuseUntil('You have sent very many mails just now. Please wait an hour.', until);
  const from = hasRole(viewer, 'sam', schoolId) ? viewer.name : '';
  const to = whom === 'chosen' ? person : undefined;
  const result = await sendNudges(ctx, { id: viewer.id, from }, schoolId, { kind, to, note });
  if (result === 'no-school') return notFound;
  if (result === 'closed')
    return refuse('Nobody can join the school at this moment, so nobody is asked to.', 409);
  return goTo(`/sam/${schoolId}/nudges?kind=${kind}&done=${doneOf(result)}`);
});

function doneOf({ nudged, left }: { nudged: number; left: number }) {
  if (nudged === 0) return 'none';
  return left > 0 ? 'some' : 'sent';
}
