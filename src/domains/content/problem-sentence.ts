import type { z } from 'astro/zod';

type Issue = z.core.$ZodIssue;

/** Says to an editor what is wrong with a field, as the end of a sentence that starts with the field’s name. */
export function problemSentence(issue: Issue, input: unknown): string {
  const value = valueAt(input, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined || value === null
        ? 'is missing.'
        : `must be ${kindNames[issue.expected] ?? issue.expected}; it is ${shown(value)}.`;
    case 'too_big':
      return tooBig(issue, value);
    case 'too_small':
      return tooSmall(issue, value);
    case 'invalid_value':
      return value === undefined
        ? 'is missing.'
        : `is ${shown(value)}, which is not one of the choices: ${issue.values.join(', ')}.`;
    case 'unrecognized_keys':
      return `${issue.keys.map((key) => `“${key}”`).join(', ')}: there is no such field here.`;
    case 'invalid_format':
      return issue.format === 'email'
        ? `is ${shown(value)}, which is not an e-mail address.`
        : closed(issue.message);
    default:
      return closed(issue.message);
  }
}

const kindNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
};

function tooBig(issue: Extract<Issue, { code: 'too_big' }>, value: unknown): string {
  if (issue.origin === 'string')
    return `is ${String(value).trim().length} characters long; at most ${issue.maximum} fit.`;
  if (issue.origin === 'array')
    return `has ${(value as unknown[]).length} items; at most ${issue.maximum} fit.`;
  return `is ${shown(value)}; at most ${issue.maximum} is allowed.`;
}

function tooSmall(issue: Extract<Issue, { code: 'too_small' }>, value: unknown): string {
  if (issue.origin === 'string') return 'is empty.';
  if (issue.origin === 'array')
    return `has ${(value as unknown[]).length} items; at least ${issue.minimum} are needed.`;
  return `is ${shown(value)}; at least ${issue.minimum} is needed.`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `“${text.length > 60 ? `${text.slice(0, 59)}…` : text}”`;
}

const closed = (sentence: string) => sentence.replace(/\.?$/, '.');
