import type { Viewer } from '../domains/accounts/model.ts';
import {
  answersInput,
  communityInput,
  nothingInput,
  questionChoice,
  questionInput,
  requestInput,
} from '../domains/communities/inputs.ts';
import * as membership from '../domains/communities/membership.ts';
import type { SurveyQuestion } from '../domains/communities/model.ts';
import type { Barred } from '../domains/communities/policy.ts';
import * as survey from '../domains/communities/survey.ts';
import { dropRsvps } from '../domains/live-sessions/rsvp.ts';
import { hrefWith } from '../lib/paging.ts';
import { type Call, goTo, notFound, refuse, show, signedInForm } from './define.ts';

const retiredSentence =
  'This community has closed, so nobody can join it any more. Live sessions that its members answered to stay in their calendar.';

const barredSentences: Readonly<Record<Barred, string>> = {
  'not-member': 'Communities are for members, and you have no membership at the moment.',
  'for-sams': 'This community is for School Account Managers.',
  'for-hosts': 'This community is for hosts.',
};

const slugOf = ({ params }: Call<Viewer>) => params['slug'] ?? '';
const here = ({ url }: Call<Viewer>, done: string) => goTo(`${url.pathname}?done=${done}`);

async function join(call: Call<Viewer>, slug: string, backTo: (done: string) => string) {
  const outcome = await membership.joinCommunity(call.ctx, call.viewer, slug);
  if (outcome === 'unknown') return notFound;
  if (outcome === 'retired') return refuse(retiredSentence, 410);
  if (outcome === 'joined' || outcome === 'requested') return goTo(backTo(outcome));
  return refuse(barredSentences[outcome], 403);
}

/** From the list of all communities, which keeps its filter. */
export const joinFromList = signedInForm(communityInput, (call, { community }) =>
  join(call, community, (outcome) => hrefWith(call.url, { done: `community-${outcome}`, community })),
);

export const leaveFromList = signedInForm(communityInput, async (call, { community }) => {
  await leave(call, community);
  return goTo(hrefWith(call.url, { done: 'community-left', community }));
});

export const joinHub = signedInForm(nothingInput, (call) =>
  join(call, slugOf(call), (outcome) => `${call.url.pathname}?done=${outcome}`),
);

export const leaveHub = signedInForm(nothingInput, async (call) => {
  const slug = slugOf(call);
  await leave(call, slug);
  return goTo(`/me/communities?done=community-left&community=${encodeURIComponent(slug)}`);
});

/** Out of the community, and out of its live sessions that are to come. */
function leave({ ctx: { db, now }, viewer }: Call<Viewer>, slug: string): Promise<void> {
  return db.write(async (tx) => {
    await membership.leaveCommunity(tx, now, viewer, slug);
    await dropRsvps(tx, now, viewer.id, slug);
  });
}

export const approve = signedInForm(requestInput, async (call, { person }) => {
  const outcome = await membership.approveRequest(call.ctx, call.viewer, slugOf(call), person);
  return outcome === 'not-found' ? notFound : here(call, outcome === 'answered' ? 'approved' : 'not-waiting');
});

export const decline = signedInForm(requestInput, async (call, { person }) => {
  const outcome = await membership.declineRequest(call.ctx, call.viewer, slugOf(call), person);
  return outcome === 'not-found' ? notFound : here(call, outcome === 'answered' ? 'declined' : 'not-waiting');
});

/** Of a survey with these questions. */
export const answerSurvey = (questions: readonly SurveyQuestion[]) =>
  signedInForm(answersInput(questions), async (call, answers) => {
    const outcome = await survey.answerSurvey(call.ctx, call.viewer, slugOf(call), answers);
    if (outcome === 'saved') return here(call, 'saved');
    return outcome === 'not-joined' ? notFound : refuse(outcome.errors);
  });

export const addQuestion = signedInForm(questionInput, async (call, typed) => {
  const made = survey.questionFrom(typed);
  if ('problem' in made) return refuse({ options: made.problem });
  const outcome = await survey.addQuestion(call.ctx, call.viewer, slugOf(call), made.question);
  if (outcome === 'too-many')
    return refuse('Ten questions of your own are enough for one survey. Retire one first.', 409);
  return outcome === 'added' ? here(call, 'added') : notFound;
});

export const retireQuestion = signedInForm(questionChoice, async (call, { question }) => {
  const outcome = await survey.retireQuestion(call.ctx, call.viewer, slugOf(call), question);
  return outcome === 'retired' ? here(call, 'retired') : notFound;
});

/** Shows the file’s text; the page sends it as one. */
export const downloadResponses = signedInForm(nothingInput, async (call) => {
  const file = await survey.exportResponses(call.ctx, call.viewer, slugOf(call));
  return file === undefined ? notFound : show(file);
});
