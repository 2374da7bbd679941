import { hasRole } from '../domains/accounts/model.ts';
import { nudgeInput } from '../domains/attendance/nudge-inputs.ts';
import { sendNudges } from '../domains/attendance/nudges.ts';
import type { Id } from '../platform/ids.ts';
import { goTo, notFound, refuse, samForm } from './define.ts';

/** Sends the ready message to those who were ticked, or to all. A mail names the SAM; staff who do it for a school stay unnamed. */
export const nudge = samForm(nudgeInput, async (call, { kind, whom, person, note }) => {
  const { ctx, viewer, params } = call;
  const schoolId = (params['school'] ?? '') as Id<'sch'>;
  if (whom === 'chosen' && person.length === 0)
    return refuse({ person: 'Tick at least one person, or send it to everybody.' });
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
