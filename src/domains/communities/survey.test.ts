import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { firstStepsOf } from '../accounts/first-steps.ts';
import { questionInput } from './inputs.ts';
import { joinCommunity, leaveCommunity } from './membership.ts';
import { standardQuestions } from './model.ts';
import { personalCommunities } from './personal-data.ts';
import {
  addQuestion,
  answerSurvey,
  answersFrom,
  countsOf,
  exportResponses,
  findResponse,
  questionFrom,
  retireQuestion,
  surveyOf,
  surveyResults,
} from './survey.ts';
import { syncCommunities } from './sync.ts';

const now = new Date('2026-11-22T03:00:00Z');
const later = new Date('2026-11-23T03:00:00Z');
const slug = 'school-nurses';
const entry = { slug, name: 'School Nurses', membership: 'open', area: 'pastoral' };

async function withMember() {
  const db = await useDatabase();
  await db.write((tx) => syncCommunities(tx, now, [entry]));
  const add = async (role: 'member' | 'host' | 'staff', scopeId = '', name = 'Noor Lindqvist') => {
    const { id } = await addUser(db, now, { name, roles: [[role, scopeId]] });
    return { id, grants: [{ role, scopeId }] };
  };
  const member = await add('member');
  await joinCommunity({ db, now }, member, slug);
  return { db, member, host: await add('host', slug), add };
}

const question = { kind: 'choice', text: 'Do you work alone?', options: ['Yes', 'No'] } as const;
const asked = { ...question, options: [...question.options] };

test('a member answers, is ticked for it, and may change the answers', async () => {
  const { db, member } = await withMember();
  expect(await answerSurvey({ db, now }, member, slug, { support: '2', topics: ' Triage ' })).toBe('saved');
  expect(await findResponse(db.read, member.id, slug)).toEqual({
    answers: { support: 2, topics: 'Triage' },
    updatedAt: now,
  });
  const steps = await firstStepsOf(db.read, member.id);
  expect(steps.filter(({ taken }) => taken)).toEqual([{ name: 'survey', taken: true }]);
  await answerSurvey({ db, now: later }, member, slug, { topics: 'Triage, forms', formats: 'Mini workshop' });
  expect(await findResponse(db.read, member.id, slug)).toEqual({
    answers: { topics: 'Triage, forms', formats: ['Mini workshop'] },
    updatedAt: later,
  });
});

test('who has not joined, left, or whose community is retired answers nothing', async () => {
  const { db, member, host, add } = await withMember();
  const outside = await add('member');
  for (const viewer of [outside, host])
    expect(await answerSurvey({ db, now }, viewer, slug, { topics: 'x' })).toBe('not-joined');
  await db.write((tx) => leaveCommunity(tx, now, member, slug));
  expect(await answerSurvey({ db, now }, member, slug, { topics: 'x' })).toBe('not-joined');
  await joinCommunity({ db, now }, member, slug);
  await db.write((tx) => syncCommunities(tx, now, [{ ...entry, slug: 'another' }]));
  expect(await answerSurvey({ db, now }, member, slug, { topics: 'x' })).toBe('not-joined');
});

test.each([
  [{}, 'form'],
  [{ topics: '   ' }, 'form'],
  [{ nothing: 'x' }, 'form'],
  [{ __proto__x: 'x' }, 'form'],
  [{ experience: 'For ever' }, 'experience'],
  [{ experience: ['This is my first year', 'Two or three years'] }, 'experience'],
  [{ support: '6' }, 'support'],
  [{ support: '0' }, 'support'],
  [{ support: '3.5' }, 'support'],
  [{ formats: ['Mini workshop', 'Dancing'] }, 'formats'],
  [{ topics: 'x'.repeat(2001) }, 'topics'],
  [{ topics: ['a', 'b'] }, 'topics'],
])('answers like %j are refused with a sentence', (typed, field) => {
  const result = answersFrom(standardQuestions, typed as Record<string, string>);
  expect('errors' in result && Object.keys(result.errors)).toEqual([field]);
});

test('hosts add questions after the standard ones, and retire them; their answers stay', async () => {
  const { db, member, host } = await withMember();
  expect(await addQuestion({ db, now }, host, slug, asked)).toBe('added');
  const own = (await surveyOf(db.read, slug)).at(-1)!;
  expect(own).toMatchObject(question);
  await answerSurvey({ db, now }, member, slug, { [own.id]: 'Yes', topics: 'Triage' });
  expect(await retireQuestion({ db, now }, host, slug, own.id)).toBe('retired');
  expect(await retireQuestion({ db, now }, host, slug, own.id)).toBe('not-found');
  expect(await surveyOf(db.read, slug)).toEqual(standardQuestions);
  await answerSurvey({ db, now }, member, slug, { topics: 'Forms' });
  const { questions, responses } = await surveyResults(db.read, slug);
  expect(questions.at(-1)).toMatchObject({ text: question.text, isRetired: true });
  expect(responses[0]?.answers).toEqual({ [own.id]: 'Yes', topics: 'Forms' });
  const log = await db.read.select().from(auditEvents).where(eq(auditEvents.actorId, host.id));
  expect(log.map(({ action }) => action)).toEqual(['survey.question-added', 'survey.question-retired']);
});

test('nobody else touches the questions, and ten are enough', async () => {
  const { db, member, host, add } = await withMember();
  for (const viewer of [member, await add('host', 'another')])
    expect(await addQuestion({ db, now }, viewer, slug, asked)).toBe('not-found');
  for (let index = 0; index < 10; index++) await addQuestion({ db, now }, host, slug, asked);
  expect(await addQuestion({ db, now }, host, slug, asked)).toBe('too-many');
  const [own] = (await surveyOf(db.read, slug)).slice(-1);
  expect(await retireQuestion({ db, now }, member, slug, own!.id)).toBe('not-found');
  expect(await addQuestion({ db, now }, await add('staff'), 'nothing', asked)).toBe('not-found');
});

test('a choice needs options, each once', () => {
  const made = (kind: string, options: string) =>
    questionFrom(questionInput.parse({ kind, text: 'Why?', options }));
  expect(made('choice', 'Yes\r\n No \n\nYes')).toMatchObject({ question: { options: ['Yes', 'No'] } });
  expect(made('text', 'Yes\nNo')).toMatchObject({ question: { options: [] } });
  for (const options of [
    '',
    'One',
    'One\nOne',
    'x\n'.repeat(1) + 'y'.repeat(101),
    [...'abcdefghijklm'].join('\n'),
  ])
    expect(made('choices', options)).toEqual({ problem: expect.stringContaining('option') });
});

test('the results count choices and steps, and leave out who left', async () => {
  const { db, member, add } = await withMember();
  const other = await add('member');
  await joinCommunity({ db, now }, other, slug);
  await answerSurvey({ db, now }, member, slug, { support: '2', formats: ['Mini workshop'] });
  await answerSurvey({ db, now }, other, slug, {
    support: '2',
    formats: ['Mini workshop', 'Expert interview'],
  });
  const { questions, responses } = await surveyResults(db.read, slug);
  const counts = (id: string) => countsOf(questions.find((one) => one.id === id)!, responses);
  expect(counts('support')?.map(({ count }) => count)).toEqual([0, 2, 0, 0, 0]);
  expect(counts('formats')).toContainEqual({ label: 'Mini workshop', count: 2 });
  expect(counts('topics')).toBeUndefined();
  await db.write((tx) => leaveCommunity(tx, now, other, slug));
  expect((await surveyResults(db.read, slug)).responses).toHaveLength(1);
});

test('the file runs nothing in a spreadsheet, is on record, and is only for who runs the community', async () => {
  const { db, member, host, add } = await withMember();
  await answerSurvey({ db, now }, member, slug, { topics: '=1+1' });
  const file = await exportResponses({ db, now }, host, slug);
  expect(file).toContain(`"'=1+1"`);
  expect(file).toContain('Noor Lindqvist,2026-11-22T03:00:00.000Z');
  const [event] = await db.read.select().from(auditEvents).where(eq(auditEvents.action, 'survey.exported'));
  expect(event).toMatchObject({ actorId: host.id, subjectId: slug, detail: { responses: 1 } });
  for (const viewer of [member, await add('host', 'another')])
    expect(await exportResponses({ db, now }, viewer, slug)).toBeUndefined();
  expect(await exportResponses({ db, now }, await add('staff'), 'nothing')).toBeUndefined();
});

test('people take their memberships and answers with them, with the questions', async () => {
  const { db, member } = await withMember();
  await answerSurvey({ db, now }, member, slug, { topics: 'Triage' });
  expect(await personalCommunities(db.read, { userId: member.id })).toMatchObject({
    memberships: [{ community: 'School Nurses', state: 'joined' }],
    welcomeSurveys: [{ answers: { topics: 'Triage' }, questions: { topics: standardQuestions[4]?.text } }],
  });
});
