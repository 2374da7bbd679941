import type { Reads } from '#db/client.ts';
import type { Viewer } from '../domains/accounts/model.ts';
import {
  cancelInput,
  changePlanInput,
  newPlanInput,
  nothingInput,
  plannedTime,
  recordingInput,
  timeCheckInput,
} from '../domains/live-sessions/inputs.ts';
import {
  cancelLiveSession as cancel,
  changeLiveSession as change,
  confirmDetails as confirm,
  createLiveSessions,
  publishRecording as publish,
  scheduleLiveSession as schedule,
} from '../domains/live-sessions/plan.ts';
import { refusalSentences } from '../domains/live-sessions/plan-words.ts';
import { canPlan } from '../domains/live-sessions/policy.ts';
import { findLiveSession } from '../domains/live-sessions/queries.ts';
import type { SeasonFacts } from '../domains/live-sessions/seasons.ts';
import { checkTime as check } from '../domains/live-sessions/time-check.ts';
import { type Call, goTo, notFound, refuse, show, signedInForm } from './define.ts';

/** Pages of hosts. Staff use the same; whose a live session is, each command asks. `seasons` are those of content. */

const idOf = ({ params }: Call) => params['id'] ?? '';
const onEdit = (call: Call, done: string) => goTo(`/host/live-sessions/${idOf(call)}/edit?done=${done}`);

const checkTime = (seasons: readonly SeasonFacts[]) =>
  signedInForm(timeCheckInput, async ({ ctx: { db, now }, viewer, params }, input) => {
    const { day, clock, timeZone, minutes, communities, round } = input;
    if (!(await mayLookAt(db.read, viewer, communities, params['id'])))
      return refuse(refusalSentences('unknown-community'));
    const planned = plannedTime({ day, clock, timeZone, minutes, communities, round });
    const checked = await check(db.read, now, planned, seasons, params['id']);
    return 'refused' in checked ? refuse(refusalSentences(checked.refused)) : show(checked);
  });

/** Whether the viewer plans for these communities, but for those that the live session is of already. */
async function mayLookAt(read: Reads, viewer: Viewer, communities: string[], liveSessionId = '') {
  const of = (await findLiveSession(read, liveSessionId))?.communities.map(({ slug }) => slug) ?? [];
  return communities.every((slug) => of.includes(slug) || canPlan(viewer, [slug]));
}

/** A new plan: looked at, kept as a draft, or shown to its members. */
export const planForms = (seasons: readonly SeasonFacts[]) => ({
  checkTime: checkTime(seasons),
  planForMembers: newPlan(seasons, 'scheduled'),
  keepAsDraft: newPlan(seasons, 'draft'),
});

function newPlan(seasons: readonly SeasonFacts[], state: 'draft' | 'scheduled') {
  return signedInForm(newPlanInput, async ({ ctx, viewer }, { times, ...input }) => {
    const plan = { ...plannedTime(input), state };
    const made = await createLiveSessions(ctx, viewer, plan, Number(times), seasons);
    if ('refused' in made) return refuse(refusalSentences(made.refused));
    return goTo(`/host/live-sessions/${made.liveSessionIds[0]}/edit?done=${state}`);
  });
}

/** A plan that is there: looked at, changed, and taken through its states. */
export const editForms = (seasons: readonly SeasonFacts[]) => ({
  checkTime: checkTime(seasons),
  savePlan: signedInForm(changePlanInput, async (call, input) => {
    const result = await change(call.ctx, call.viewer, idOf(call), plannedTime(input), seasons);
    if (!('refused' in result)) return onEdit(call, result.changed ? 'changed' : 'same');
    return result.refused === 'unknown' ? notFound : refuse(refusalSentences(result.refused));
  }),
  scheduleLiveSession,
  confirmDetails,
  cancelLiveSession,
  publishRecording,
});

const scheduleLiveSession = signedInForm(nothingInput, async (call) => {
  switch (await schedule(call.ctx, call.viewer, idOf(call))) {
    case 'unknown':
      return notFound;
    case 'not-open':
      return refuse('This is no draft any more.', 409);
    case 'in-the-past':
      return refuse('Its start is in the past. Change the time first.', 409);
    case 'scheduled':
      return onEdit(call, 'scheduled');
  }
});

const confirmDetails = signedInForm(nothingInput, async (call) => {
  switch (await confirm(call.ctx, call.viewer, idOf(call))) {
    case 'unknown':
      return notFound;
    case 'not-open':
      return refuse('Only a live session that is scheduled can be confirmed.', 409);
    case 'incomplete':
      return refuse('Focus, key details and meeting link have to be there. Save them first.', 409);
    case 'confirmed':
      return onEdit(call, 'confirmed');
  }
});

const cancelLiveSession = signedInForm(cancelInput, async (call, { reason }) => {
  const result = await cancel(call.ctx, call.viewer, idOf(call), reason);
  if (result === 'unknown') return notFound;
  if (result === 'over') return refuse('This live session is over: it cannot be cancelled.', 409);
  return onEdit(call, 'cancelled');
});

const publishRecording = signedInForm(recordingInput, async (call, { recordingUrl }) => {
  const result = await publish(call.ctx, call.viewer, idOf(call), recordingUrl);
  if (result === 'unknown') return notFound;
  if (result === 'not-held')
    return refuse('A recording can be published once the live session is over.', 409);
  return onEdit(call, 'recorded');
});
