import { and, asc, count, desc, eq, isNull, max } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { communities, communityMembers, surveyQuestions, surveyResponses } from '#db/schema/communities.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { csv } from '../../platform/table-files.ts';
import { recordStep } from '../accounts/first-steps.ts';
import type { Viewer } from '../accounts/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import {
  type QuestionKind,
  type SurveyAnswers,
  type SurveyQuestion,
  scale,
  standardQuestions,
  surveyLimits,
} from './model.ts';
import { canRunCommunity } from './policy.ts';
import { isMemberOf } from './queries.ts';

/** A question of the community’s hosts. */
export type OwnQuestion = SurveyQuestion & { id: Id<'qst'>; isRetired: boolean };

/** What the hosts of a community have added, in the order they did; retired ones included. 1 query. */
export async function ownQuestions(read: Reads, slug: string): Promise<OwnQuestion[]> {
  const rows = await read
    .select({
      id: surveyQuestions.id,
      kind: surveyQuestions.kind,
      text: surveyQuestions.text,
      options: surveyQuestions.options,
      retiredAt: surveyQuestions.retiredAt,
    })
    .from(surveyQuestions)
    .where(eq(surveyQuestions.communitySlug, slug))
    .orderBy(asc(surveyQuestions.position));
  return rows.map(({ retiredAt, ...question }) => ({ ...question, isRetired: retiredAt !== null }));
}

/** What a community’s welcome survey asks now. 1 query. */
export async function surveyOf(read: Reads, slug: string): Promise<SurveyQuestion[]> {
  return [...standardQuestions, ...(await ownQuestions(read, slug)).filter(({ isRetired }) => !isRetired)];
}

/** The user’s answers, with when they last changed them; undefined while they have not answered. 1 query. */
export async function findResponse(read: Reads, userId: Id<'usr'>, slug: string) {
  const [response] = await read
    .select({ answers: surveyResponses.answers, updatedAt: surveyResponses.updatedAt })
    .from(surveyResponses)
    .where(and(eq(surveyResponses.userId, userId), eq(surveyResponses.communitySlug, slug)));
  return response;
}

/** What a form sent, by question id. */
export type TypedAnswers = Readonly<Record<string, string | readonly string[]>>;

/**
 * Answers as they are kept, or a sentence by question id. Empty ones are left out; `form` says what is wrong with the whole:
 * nothing answered, or a question that is not asked.
 */
export function answersFrom(
  questions: readonly SurveyQuestion[],
  typed: TypedAnswers,
): { answers: SurveyAnswers } | { errors: Record<string, string> } {
  const answers: SurveyAnswers = {};
  const errors: Record<string, string> = {};
  const known = new Set(questions.map(({ id }) => id));
  if (Object.keys(typed).some((id) => !known.has(id)))
    return {
      errors: {
        form: 'The questions have changed since you opened this page. Look at them again, then save.',
      },
    };
  for (const question of questions) {
    const value = Object.hasOwn(typed, question.id) ? typed[question.id] : undefined;
    const given = [value ?? []].flat().filter((one) => one.trim() !== '');
    if (given.length === 0) continue;
    const answer = answerTo(question, given);
    if (typeof answer === 'object' && 'error' in answer) errors[question.id] = answer.error;
    else answers[question.id] = answer;
  }
  if (Object.keys(errors).length > 0) return { errors };
  if (Object.keys(answers).length === 0) return { errors: { form: 'Answer at least one question.' } };
  return { answers };
}

function answerTo(question: SurveyQuestion, given: string[]): SurveyAnswers[string] | { error: string } {
  const [first = ''] = given;
  const { kind, options } = question;
  if (kind === 'choices')
    return given.every((one) => options.includes(one))
      ? options.filter((option) => given.includes(option))
      : { error: 'Choose from the list.' };
  if (given.length > 1) return { error: 'Give one answer.' };
  if (kind === 'choice') return options.includes(first) ? first : { error: 'Choose from the list.' };
  if (kind === 'scale') {
    const step = /^\d$/.test(first) ? Number(first) : 0;
    return step >= scale.least && step <= scale.most ? step : { error: 'Choose a step of the scale.' };
  }
  const text = first.trim();
  return [...text].length <= surveyLimits.answer
    ? text
    : { error: `Use ${surveyLimits.answer.toLocaleString('en')} characters or fewer.` };
}

/**
 * Keeps the viewer’s answers, in place of those before, and ticks the first step “welcome survey”. Answers to questions that
 * are asked no more stay. Refuses people who have not joined the community.
 */
export function answerSurvey(
  { db, now }: Ctx,
  viewer: Pick<Viewer, 'id'>,
  slug: string,
  typed: TypedAnswers,
): Promise<'saved' | 'not-joined' | { errors: Record<string, string> }> {
  return db.write(async (tx) => {
    if (!(await isMemberOf(tx, viewer.id, slug))) return 'not-joined';
    const questions = await surveyOf(tx, slug);
    const result = answersFrom(questions, typed);
    if ('errors' in result) return { errors: result.errors };
    const before = await findResponse(tx, viewer.id, slug);
    const asked = new Set(questions.map(({ id }) => id));
    const kept = Object.entries(before?.answers ?? {}).filter(([id]) => !asked.has(id));
    const answers: SurveyAnswers = { ...Object.fromEntries(kept), ...result.answers };
    await tx
      .insert(surveyResponses)
      .values({ userId: viewer.id, communitySlug: slug, answers, createdAt: now, updatedAt: now })
      .onConflictDoUpdate({
        target: [surveyResponses.userId, surveyResponses.communitySlug],
        set: { answers, updatedAt: now },
      });
    await recordStep(tx, now, viewer.id, 'survey');
    return 'saved';
  });
}

/** A question as it is kept, from what a form sent: options one on each line. Or a sentence about the options. */
export function questionFrom({
  options: typed,
  ...question
}: {
  kind: QuestionKind;
  text: string;
  options: string;
}): { question: NewQuestion } | { problem: string } {
  if (question.kind !== 'choice' && question.kind !== 'choices')
    return { question: { ...question, options: [] } };
  const lines = typed.split('\n').map((option) => option.trim());
  const options = [...new Set(lines.filter(Boolean))];
  if (options.length < 2) return { problem: 'Write at least two options, one on each line.' };
  if (options.length > surveyLimits.options)
    return { problem: `Write ${surveyLimits.options} options or fewer.` };
  if (options.some((option) => [...option].length > surveyLimits.option))
    return { problem: `Keep each option to ${surveyLimits.option} characters or fewer.` };
  return { question: { ...question, options } };
}

type NewQuestion = { kind: QuestionKind; text: string; options: string[] };

/** Adds a question at the end of a community’s survey. For its hosts and staff. Refuses more than ten. Audited. */
export function addQuestion(
  { db, now }: Ctx,
  viewer: Pick<Viewer, 'id' | 'grants'>,
  slug: string,
  question: NewQuestion,
): Promise<'added' | 'not-found' | 'too-many'> {
  return db.write(async (tx) => {
    const isThere =
      (await tx.$count(communities, and(eq(communities.slug, slug), isNull(communities.retiredAt)))) > 0;
    if (!isThere || !canRunCommunity(viewer, slug)) return 'not-found';
    const [asked] = await tx
      .select({ count: count(), last: max(surveyQuestions.position) })
      .from(surveyQuestions)
      .where(and(eq(surveyQuestions.communitySlug, slug), isNull(surveyQuestions.retiredAt)));
    if ((asked?.count ?? 0) >= surveyLimits.ownQuestions) return 'too-many';
    const id = newId('qst', now);
    await tx
      .insert(surveyQuestions)
      .values({ id, communitySlug: slug, position: (asked?.last ?? 0) + 1, ...question, createdAt: now });
    await recordQuestionEvent(tx, now, viewer.id, 'survey.question-added', slug, question.text);
    return 'added';
  });
}

/** Asks a question of the hosts no more; its answers stay. For hosts of the community and staff. Audited. */
export function retireQuestion(
  { db, now }: Ctx,
  viewer: Pick<Viewer, 'id' | 'grants'>,
  slug: string,
  questionId: string,
): Promise<'retired' | 'not-found'> {
  return db.write(async (tx) => {
    if (!canRunCommunity(viewer, slug)) return 'not-found';
    const [retired] = await tx
      .update(surveyQuestions)
      .set({ retiredAt: now })
      .where(
        and(
          eq(surveyQuestions.id, questionId as Id<'qst'>),
          eq(surveyQuestions.communitySlug, slug),
          isNull(surveyQuestions.retiredAt),
        ),
      )
      .returning({ text: surveyQuestions.text });
    if (!retired) return 'not-found';
    await recordQuestionEvent(tx, now, viewer.id, 'survey.question-retired', slug, retired.text);
    return 'retired';
  });
}

function recordQuestionEvent(
  tx: Parameters<typeof recordAuditEvent>[0],
  at: Date,
  actorId: Id<'usr'>,
  action: `survey.question-${'added' | 'retired'}`,
  slug: string,
  question: string,
) {
  return recordAuditEvent(tx, {
    at,
    actorId,
    action,
    subjectType: 'community',
    subjectId: slug,
    detail: { question },
  });
}

type SurveyResponse = { userId: Id<'usr'>; name: string; answers: SurveyAnswers; updatedAt: Date };
/** Questions as columns, retired ones that were answered included, and who answered, the newest first. */
export type SurveyResults = {
  questions: (SurveyQuestion & { isRetired: boolean })[];
  responses: SurveyResponse[];
};

/** What the members of a community answered. Of those who left it, or asked to be erased, nothing is shown. 2 queries. */
export async function surveyResults(read: Reads, slug: string): Promise<SurveyResults> {
  const [own, responses] = await Promise.all([
    ownQuestions(read, slug),
    read
      .select({
        userId: users.id,
        name: users.name,
        answers: surveyResponses.answers,
        updatedAt: surveyResponses.updatedAt,
      })
      .from(surveyResponses)
      .innerJoin(users, eq(users.id, surveyResponses.userId))
      .innerJoin(
        communityMembers,
        and(
          eq(communityMembers.userId, surveyResponses.userId),
          eq(communityMembers.communitySlug, surveyResponses.communitySlug),
        ),
      )
      .where(
        and(
          eq(surveyResponses.communitySlug, slug),
          eq(communityMembers.state, 'joined'),
          isNull(users.erasureDueAt),
        ),
      )
      .orderBy(desc(surveyResponses.updatedAt), asc(users.id)),
  ]);
  const isAnswered = (id: string) => responses.some(({ answers }) => Object.hasOwn(answers, id));
  return {
    questions: [
      ...standardQuestions.map((question) => ({ ...question, isRetired: false })),
      ...own.filter(({ id, isRetired }) => !isRetired || isAnswered(id)),
    ],
    responses,
  };
}

/** How often each option or step of a question was chosen; undefined for a question that is answered in words. */
export function countsOf(
  question: SurveyQuestion,
  responses: readonly { answers: SurveyAnswers }[],
): { label: string; count: number }[] | undefined {
  if (question.kind === 'text') return undefined;
  const steps = Array.from({ length: scale.most - scale.least + 1 }, (_, index) =>
    String(scale.least + index),
  );
  const given = responses.flatMap(({ answers }) =>
    Object.hasOwn(answers, question.id) ? [answers[question.id]!].flat().map(String) : [],
  );
  return (question.kind === 'scale' ? steps : question.options).map((label) => ({
    label,
    count: given.filter((one) => one === label).length,
  }));
}

/** An answer as people read it: options in a row, nothing where none was given. */
export function answerText(answers: SurveyAnswers, questionId: string): string {
  const answer = Object.hasOwn(answers, questionId) ? answers[questionId] : undefined;
  return answer === undefined ? '' : [answer].flat().join(', ');
}

/** All responses as a file for spreadsheets. For hosts of the community and staff. Audited. */
export async function exportResponses(
  { db, now }: Ctx,
  viewer: Pick<Viewer, 'id' | 'grants'>,
  slug: string,
): Promise<string | undefined> {
  if (!canRunCommunity(viewer, slug)) return undefined;
  if ((await db.read.$count(communities, eq(communities.slug, slug))) === 0) return undefined;
  const { questions, responses } = await surveyResults(db.read, slug);
  await db.write((tx) =>
    recordAuditEvent(tx, {
      at: now,
      actorId: viewer.id,
      action: 'survey.exported',
      subjectType: 'community',
      subjectId: slug,
      detail: { responses: responses.length },
    }),
  );
  return csv({
    head: ['Name', 'Answered at (UTC)', ...questions.map(({ text }) => text)],
    rows: responses.map((response) => [
      response.name,
      response.updatedAt.toISOString(),
      ...questions.map(({ id }) => answerText(response.answers, id)),
    ]),
  });
}
