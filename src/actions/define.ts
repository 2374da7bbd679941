import type { z } from 'astro/zod';
import { type Cookie, loginCookieName } from '../domains/accounts/login-sessions.ts';
import { hasRole, type Viewer } from '../domains/accounts/model.ts';
import type { Ctx } from '../platform/context.ts';

/**
 * Forms. A form posts to the page it stands on and works without JavaScript; what it does is answered by a redirect, and
 * what it refuses by the same page with sentences and everything that was typed. (Astro’s own actions lose what was typed
 * and the status.)
 */

/** What an action may know of the request beside its input. */
export type Call<Who extends Viewer | null = Viewer | null> = {
  ctx: Ctx;
  viewer: Who;
  /** Network address of the sender. */
  address: string;
  /** “Firefox on Windows”. */
  device: string;
  /** Parts of the page’s path: `params['token']`. */
  params: Readonly<Record<string, string | undefined>>;
  url: URL;
  cookie(name: string): string | undefined;
};

/** What an action says: where to go, what is wrong, or what the page is to show. */
export type Answer<Shown = never> =
  | { redirectTo: string; cookies?: Cookie[] | undefined }
  | { errors: Record<string, string>; status: number; retryAt?: Date | undefined }
  | { shown: Shown; cookies?: Cookie[] | undefined }
  | { notFound: true };

export const goTo = (redirectTo: string, cookies?: Cookie[]) => ({ redirectTo, cookies });
/** Sentences by field; the name `form` is for the whole form. */
export const refuse = (errors: Record<string, string> | string, status = 422) => ({
  errors: typeof errors === 'string' ? { form: errors } : errors,
  status,
});
/** Too often: a sentence, and when to come again. */
export const refuseUntil = (sentence: string, retryAt: Date) => ({
  errors: { form: sentence },
  status: 429,
  retryAt,
});
export const show = <Shown>(shown: Shown, cookies?: Cookie[]) => ({ shown, cookies });
export const notFound = { notFound: true } as const;

export type InputSchema = z.ZodType;

export type FormAction<Shown = unknown> = {
  input: InputSchema;
  run(call: Call, input: unknown): Promise<Answer<Shown>>;
};

type Run<Input, Who extends Viewer | null, Shown> = (call: Call<Who>, input: Input) => Promise<Answer<Shown>>;

/** A form that anybody may send. */
export function publicForm<Schema extends InputSchema, Shown = never>(
  input: Schema,
  run: Run<z.output<Schema>, Viewer | null, Shown>,
): FormAction<Shown> {
  return { input, run: (call, value) => run(call, value as z.output<Schema>) };
}

/** A form for whoever is signed in. The page’s row in the access table leads others to sign-in before. */
export function signedInForm<Schema extends InputSchema, Shown = never>(
  input: Schema,
  run: Run<z.output<Schema>, Viewer, Shown>,
): FormAction<Shown> {
  return formFor(() => true, input, run);
}

/** A form for staff. */
export function staffForm<Schema extends InputSchema, Shown = never>(
  input: Schema,
  run: Run<z.output<Schema>, Viewer, Shown>,
): FormAction<Shown> {
  return formFor((viewer) => hasRole(viewer, 'staff'), input, run);
}

/** A form for editors and staff. */
export function editorForm<Schema extends InputSchema, Shown = never>(
  input: Schema,
  run: Run<z.output<Schema>, Viewer, Shown>,
): FormAction<Shown> {
  return formFor((viewer) => hasRole(viewer, 'editor') || hasRole(viewer, 'staff'), input, run);
}

/** A form for the SAM of the school that the page’s path names (`params.school`), and for staff. */
export function samForm<Schema extends InputSchema, Shown = never>(
  input: Schema,
  run: Run<z.output<Schema>, Viewer, Shown>,
): FormAction<Shown> {
  return formFor(
    (viewer, { params: { school } }) =>
      (school ? hasRole(viewer, 'sam', school) : false) || hasRole(viewer, 'staff'),
    input,
    run,
  );
}

function formFor<Schema extends InputSchema, Shown>(
  may: (viewer: Viewer, call: Call) => boolean,
  input: Schema,
  run: Run<z.output<Schema>, Viewer, Shown>,
): FormAction<Shown> {
  return {
    input,
    async run(call, value) {
      const { viewer } = call;
      if (!viewer || !may(viewer, call)) return notFound;
      return run({ ...call, viewer }, value as z.output<Schema>);
    },
  };
}

/** The cookie that this browser is signed in with, if any. */
export const loginCookieOf = (call: Call) => call.cookie(loginCookieName);
