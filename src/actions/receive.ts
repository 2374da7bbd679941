import type { AstroGlobal } from 'astro';
import type { z } from 'astro/zod';
import { deviceName } from '../lib/device.ts';
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
  const data = await formData(request);
  if (!data) return new Response('This page takes forms only.', { status: 415 });
  const [only] = Object.keys(actions).length === 1 ? Object.keys(actions) : [];
  const sent = String(data.get('form') ?? only ?? '');
  const action = Object.hasOwn(actions, sent) ? actions[sent] : undefined;
  if (!action) return new Response('This form is not one of this page.', { status: 400 });
  data.delete('form');

  const values = typedValues(data);
  const parsed = action.input.safeParse(inputFrom(data, action.input));
  const answer: Answer<unknown> = parsed.success
    ? await action.run(callFrom(Astro), parsed.data).catch(refuseWhenBusy)
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

/** An address as a header can carry it: parts of a path that somebody sent may hold any character. */
const inHeader = (address: string) => address.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);

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

async function formData(request: Request): Promise<FormData | undefined> {
  const type = request.headers.get('Content-Type') ?? '';
  if (!/^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type)) return undefined;
  return request.formData().catch(() => undefined);
}

/** What a schema is given: lists where it asks for lists, files as they are, and every name that was sent. */
function inputFrom(data: FormData, schema: InputSchema): Record<string, unknown> {
  const shape = 'shape' in schema ? (schema.shape as Record<string, z.ZodType>) : {};
  const input: Record<string, unknown> = Object.create(null);
  for (const name of new Set(data.keys())) {
    const isList = Object.hasOwn(shape, name) && isArray(shape[name]!);
    const all = data.getAll(name);
    input[name] = isList || all.length > 1 ? all : all[0];
    if (!isList && all.length > 1) input[name] = all; // refused by a schema that asks for one
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

function typedValues(data: FormData): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const name of new Set(data.keys())) {
    if (/password/i.test(name)) continue;
    values[name] = data.getAll(name).filter((value) => typeof value === 'string');
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

function refuseWhenBusy(error: unknown): Answer<never> {
  if (!(error instanceof TooManyPasswords)) throw error;
  return refuse('Very many people are signing in at this moment. Please try again in a minute.', 429);
}
