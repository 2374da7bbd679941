import type { AstroGlobal } from 'astro';
import type { z } from 'astro/zod';
import { databaseTrouble } from '#db/unavailable.ts';
import { deviceName } from '../lib/device.ts';
import { comeAgainSeconds, unavailableSentences } from '../middleware/unavailable.ts';
import { log } from '../platform/log.ts';
import { TooManyPasswords } from '../platform/password.ts';
import { type FormState, nothingSent } from '../ui/forms/state.ts';
import { type Answer, type Call, type FormAction, type InputSchema, refuse } from './define.ts';

/**
 * Takes what was posted to a page. Returns the response to send, or what the page is to draw its forms with (its status is
 * set). Where a page has several forms, the field `form` names one of `actions`.
 */
export async function receive<Actions extends Record<string, FormAction<unknown>>>(
  Astro: AstroGlobal,
  actions: Actions,
): Promise<Response | FormState<ShownBy<Actions>>> {
  const { request, response } = Astro;
  if (request.method !== 'POST') return nothingSent;
  const sentFields = await fieldsOf(request);
  if (sentFields === 'no-form') return new Response('This page takes forms only.', { status: 415 });
  if (sentFields === 'too-many') return new Response('No form has that many fields.', { status: 400 });
  const [only] = Object.keys(actions).length === 1 ? Object.keys(actions) : [];
  const sent = String(sentFields.get('form')?.[0] ?? only ?? '');
  const action = Object.hasOwn(actions, sent) ? actions[sent] : undefined;
  if (!action) return new Response('This form is not one of this page.', { status: 400 });
  sentFields.delete('form');

  const values = typedValues(sentFields);
  const parsed = action.input.safeParse(inputFrom(sentFields, action.input));
  const answer: Answer<unknown> = parsed.success
    ? await action
        .run(callFrom(Astro), parsed.data)
        .catch((error: unknown) => refuseForNow(error, Astro.locals.now))
    : { errors: sentences(parsed.error), status: 422 };

  if ('notFound' in answer) return new Response(null, { status: 404 });
  if ('cookies' in answer && answer.cookies) {
    for (const { name, value, attributes } of answer.cookies) Astro.cookies.set(name, value, attributes);
  }
  if ('redirectTo' in answer) return Astro.redirect(inHeader(answer.redirectTo), 303);
  response.headers.set('Cache-Control', 'private, no-store');
  if ('shown' in answer) return { sent, values, errors: {}, shown: answer.shown as ShownBy<Actions> };
  response.status = answer.status;
  if (answer.retryAt) {
    const seconds = Math.ceil((answer.retryAt.getTime() - Astro.locals.now.getTime()) / 1000);
    response.headers.set('Retry-After', String(Math.max(1, seconds)));
  }
  return { sent, values, errors: answer.errors, shown: undefined };
}

/**
 * An address as a header can carry it: parts of a path that somebody sent may hold any character, and two slashes at its
 * start, which would be another site.
 */
const inHeader = (address: string) =>
  address.replace(/^[/\\]{2,}/, '/').replace(/[^\x21-\x7e]+/gu, encodeURIComponent);

type ShownBy<Actions> = Actions[keyof Actions] extends FormAction<infer Shown> ? Shown : never;

function callFrom({ locals, params, url, cookies, request }: AstroGlobal): Call {
  return {
    ctx: { db: locals.db, now: locals.now },
    viewer: locals.viewer,
    address: locals.address,
    device: deviceName(request.headers.get('User-Agent') ?? ''),
    params,
    url,
    cookie: (name) => cookies.get(name)?.value,
  };
}

type Fields = Map<string, FormDataEntryValue[]>;

/** Far more than our longest form has, with everything in its lists chosen. */
const mostFields = 1000;

/** Every value by its name. They are counted before they are read: a hundred thousand would hold up everybody else. */
async function fieldsOf(request: Request): Promise<Fields | 'no-form' | 'too-many'> {
  const type = request.headers.get('Content-Type') ?? '';
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    const text = await request.text();
    if (text.split('&', mostFields + 1).length > mostFields) return 'too-many';
    return byName(new URLSearchParams(text));
  }
  const boundary = /^multipart\/form-data\b.*;\s*boundary="?([^";]{1,70})/i.exec(type)?.[1];
  if (!boundary) return 'no-form';
  const body = Buffer.from(await request.arrayBuffer());
  if (hasMoreThan(mostFields + 1, body, `--${boundary}`)) return 'too-many';
  const data = await new Response(body, { headers: { 'Content-Type': type } })
    .formData()
    .catch(() => undefined);
  return data ? byName(data) : 'no-form';
}

function hasMoreThan(most: number, body: Buffer, mark: string): boolean {
  let count = 0;
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) {
    count += 1;
    if (count > most) return true;
  }
  return false;
}

function byName(entries: Iterable<[string, FormDataEntryValue]>): Fields {
  const fields: Fields = new Map();
  for (const [name, value] of entries) {
    const before = fields.get(name);
    if (before) before.push(value);
    else fields.set(name, [value]);
  }
  return fields;
}

/** What a schema is given: lists where it asks for lists, files as they are, and every name that was sent. */
function inputFrom(fields: Fields, schema: InputSchema): Record<string, unknown> {
  const shape = 'shape' in schema ? (schema.shape as Record<string, z.ZodType>) : {};
  const input: Record<string, unknown> = Object.create(null);
  for (const [name, all] of fields) {
    const isList = Object.hasOwn(shape, name) && isArray(shape[name]!);
    input[name] = isList || all.length > 1 ? all : all[0]; // several are refused by a schema that asks for one
  }
  for (const name of Object.keys(shape)) if (!(name in input) && isArray(shape[name]!)) input[name] = [];
  return { ...input };
}

function isArray(schema: z.ZodType): boolean {
  const { def } = schema as unknown as { def: { type: string; innerType?: z.ZodType; in?: z.ZodType } };
  if (def.type === 'array') return true;
  const inner = def.innerType ?? def.in;
  return inner ? isArray(inner) : false;
}

function typedValues(fields: Fields): Record<string, string[]> {
  const values: Record<string, string[]> = Object.create(null);
  for (const [name, all] of fields) {
    if (/password/i.test(name)) continue;
    values[name] = all.filter((value) => typeof value === 'string');
  }
  return values;
}

/** One sentence a field, the first; names that the form does not have are one sentence for the whole form. */
function sentences(error: z.ZodError): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const issue of error.issues) {
    const field = issue.code === 'unrecognized_keys' ? 'form' : String(issue.path[0] ?? 'form');
    errors[field] ??=
      issue.code === 'unrecognized_keys'
        ? 'This form was sent with fields it does not have. Reload the page and try again.'
        : issue.message;
  }
  return errors;
}

/** What passes by itself is told beside what was typed: too many passwords at once, and a database that cannot save now. */
function refuseForNow(error: unknown, now: Date): Answer<never> {
  const retryAt = new Date(now.getTime() + comeAgainSeconds * 1000);
  if (error instanceof TooManyPasswords)
    return refuse('Very many people are signing in at this moment. Please try again in a minute.', 429);
  const trouble = databaseTrouble(error);
  if (!trouble) throw error;
  log.warn({ trouble, type: (error as Error).name }, 'form.not-saved');
  return { errors: { form: unavailableSentences[trouble] }, status: 503, retryAt };
}
