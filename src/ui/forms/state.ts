/** What a page needs to draw its forms. */
export type FormState<Shown = unknown> = {
  /** Which form was sent, by its key; undefined when none was. */
  sent: string | undefined;
  /** What was typed, passwords and files excepted. Several values of one name stand one after the other. */
  values: Readonly<Record<string, readonly string[]>>;
  errors: Readonly<Record<string, string>>;
  shown: Shown | undefined;
};

/** Before anything was sent. */
export const nothingSent: FormState<never> = { sent: undefined, values: {}, errors: {}, shown: undefined };

/** The first value typed under `name`; `fallback` where no form was sent. */
export function typed(form: FormState, name: string, fallback = ''): string {
  return form.sent === undefined ? fallback : (form.values[name]?.[0] ?? '');
}

/** All values typed under `name`. */
export function allTyped(form: FormState, name: string, fallback: readonly string[] = []): readonly string[] {
  return form.sent === undefined ? fallback : (form.values[name] ?? []);
}
