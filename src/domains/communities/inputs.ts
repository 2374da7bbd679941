import { z } from 'astro/zod';
import { line, optionalText } from '../../lib/inputs.ts';
import { questionKinds, surveyLimits } from './model.ts';

const slug = z.string({ error: 'Choose a community.' }).min(1).max(120);

/** Of the buttons on a list of communities. */
export const communityInput = z.strictObject({ community: slug });

/** Of the buttons of a hub: the address says which community. */
export const nothingInput = z.strictObject({});

/** Who asked to join. */
export const requestInput = z.strictObject({ person: z.string().min(1).max(60) });

/** By question id. What the questions ask for, `answersFrom` knows. */
export const answersInput = z.record(
  z.string().max(60),
  z.union(
    [
      optionalText(surveyLimits.answer),
      z.array(z.string().max(surveyLimits.option)).max(surveyLimits.options),
    ],
    { error: 'Answer in 2,000 characters or fewer, without characters that cannot be seen.' },
  ),
);

const optionsOf = (text: string) => [
  ...new Set(
    text
      .split('\n')
      .map((option) => option.trim())
      .filter(Boolean),
  ),
];

/** A question that hosts add. */
export const questionInput = z
  .strictObject({
    kind: z.enum(questionKinds, { error: 'Choose how it is answered.' }),
    text: line('the question', surveyLimits.question),
    options: optionalText(2000),
  })
  .transform(({ options, ...question }, context) => {
    const asksForOptions = question.kind === 'choice' || question.kind === 'choices';
    const list = asksForOptions ? optionsOf(options) : [];
    const complain = (message: string) => context.addIssue({ code: 'custom', path: ['options'], message });
    if (asksForOptions && list.length < 2) complain('Write at least two options, one on each line.');
    if (list.length > surveyLimits.options) complain(`Write ${surveyLimits.options} options or fewer.`);
    if (list.some((option) => [...option].length > surveyLimits.option))
      complain(`Keep each option to ${surveyLimits.option} characters or fewer.`);
    return { ...question, options: list };
  });

export const questionChoice = z.strictObject({ question: z.string().min(1).max(60) });
