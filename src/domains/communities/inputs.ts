import { z } from 'astro/zod';
import { line, optionalText } from '../../lib/inputs.ts';
import { type QuestionKind, questionKinds, type SurveyQuestion, surveyLimits } from './model.ts';

const slug = z.string({ error: 'Choose a community.' }).min(1).max(120);

/** Of the buttons on a list of communities. */
export const communityInput = z.strictObject({ community: slug });

/** Of the buttons of a hub: the address says which community. */
export const nothingInput = z.strictObject({});

/** Who asked to join. */
export const requestInput = z.strictObject({ person: z.string().min(1).max(60) });

/** What a welcome survey with these questions sends, by their ids. Whether an answer is one of those offered, `answersFrom` says. */
export const answersInput = (questions: readonly SurveyQuestion[]) =>
  z.strictObject(Object.fromEntries(questions.map(({ id, kind }) => [id, answerTo[kind]])));

const typedAnswer = optionalText(surveyLimits.answer);
const answerTo: Readonly<Record<QuestionKind, z.ZodType<string | string[]>>> = {
  text: typedAnswer,
  choice: typedAnswer,
  scale: typedAnswer,
  choices: z
    .array(z.string().max(surveyLimits.option), { error: 'Choose from the list.' })
    .max(surveyLimits.options, 'Choose from the list.'),
};

/** A question that hosts add. What the options have to be, `questionFrom` says. */
export const questionInput = z.strictObject({
  kind: z.enum(questionKinds, { error: 'Choose how it is answered.' }),
  text: line('the question', surveyLimits.question),
  options: optionalText(2000),
});

export const questionChoice = z.strictObject({ question: z.string().min(1).max(60) });
