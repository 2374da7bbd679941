import type { AstroGlobal } from 'astro';
import { z } from 'astro/zod';
import { describe, expect, test } from 'vitest';
import { DatabaseUnavailable } from '#db/unavailable.ts';
import { cpuTime } from '../../tests/cpu-time.ts';
import type { Viewer } from '../domains/accounts/model.ts';
import { checkbox, line, optionalText } from '../lib/inputs.ts';
import { TooManyPasswords } from '../platform/password.ts';
import {
  type FormAction,
  goTo,
  publicForm,
  refuse,
  refuseUntil,
  samForm,
  show,
  signedInForm,
  staffForm,
} from './define.ts';
import { receive } from './receive.ts';

const now = new Date('2026-11-21T09:30:00Z');
const origin = 'https://peers.example.test';

type Sent = {
  body?: BodyInit;
  method?: string;
  type?: string;
  viewer?: Viewer | null;
  params?: Record<string, string | undefined>;
};

/** What `receive` needs of the Astro global, for a page that a form was posted to. */
function pageAt({ body = '', method = 'POST', type, viewer = null, params = {} }: Sent) {
  const cookies: Record<string, unknown> = {};
  const request = new Request(`${origin}/form`, {
    method,
    headers: {
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0',
      ...(type && { 'Content-Type': type }),
    },
    ...(method !== 'GET' && { body }),
  });
  const page = {
    request,
    response: { status: 200, headers: new Headers() },
    url: new URL(request.url),
    params,
    cookies: {
      get: (name: string) => (name === 'login' ? { value: 'what the browser has' } : undefined),
      set: (name: string, value: string, attributes: unknown) => {
        cookies[name] = { value, attributes };
      },
    },
    redirect: (location: string, status: number) =>
      new Response(null, { status, headers: { Location: location } }),
    locals: { db: {}, now, viewer, address: '203.0.113.7' },
  };
  return { page: page as unknown as AstroGlobal, cookies };
}

const fields = (entries: [string, string][]) => new URLSearchParams(entries);

/** Posts `sent` to a page with `actions`. */
async function post(actions: Record<string, FormAction<unknown>>, body: BodyInit, more: Sent = {}) {
  const { page, cookies } = pageAt({ body, ...more });
  const result = await receive(page, actions);
  const status = result instanceof Response ? result.status : page.response.status;
  return { result, status, cookies, headers: page.response.headers };
}

const input = z.strictObject({ name: line('your name'), note: optionalText(), wants: checkbox });
const echo = publicForm(input, async (_call, value) => show(value));

test('a page that nothing was posted to draws its form empty', async () => {
  const { page } = pageAt({ method: 'GET' });
  expect(await receive(page, { echo })).toEqual({
    sent: undefined,
    values: {},
    errors: {},
    shown: undefined,
  });
});

describe('what was posted', () => {
  test.each([
    [
      'as a form sends it',
      fields([
        ['name', ' 李小龍 👩🏽‍🏫 '],
        ['note', 'a\r\nb'],
      ]),
    ],
    [
      'as a form with a file sends it',
      (() => {
        const data = new FormData();
        data.set('name', ' 李小龍 👩🏽‍🏫 ');
        data.set('note', 'a\r\nb');
        return data;
      })(),
    ],
  ])('%s reaches the action as the schema makes it', async (_, body) => {
    const { result, status, headers } = await post({ echo }, body);
    expect(status).toBe(200);
    expect(result).toMatchObject({
      sent: 'echo',
      errors: {},
      shown: { name: '李小龍 👩🏽‍🏫', note: 'a\nb', wants: false },
    });
    expect(headers.get('Cache-Control')).toBe('private, no-store');
  });

  test('comes with what the action may know of the request', async () => {
    let seen: unknown;
    const look = publicForm(z.strictObject({}), async ({ ctx, cookie, ...call }) => {
      seen = { ...call, now: ctx.now, cookie: cookie('login') };
      return goTo('/');
    });
    await post({ look }, fields([]), { params: { token: 'x' } });
    expect(seen).toEqual({
      viewer: null,
      address: '203.0.113.7',
      device: 'Firefox on Linux',
      params: { token: 'x' },
      url: new URL(`${origin}/form`),
      now,
      cookie: 'what the browser has',
    });
  });

  test('that the schema refuses comes back with a sentence a field and everything that was typed, as 422', async () => {
    let ran = false;
    const never = publicForm(input, async () => {
      ran = true;
      return goTo('/');
    });
    const { result, status } = await post(
      { never },
      fields([
        ['name', ' '],
        ['note', 'what I wrote'],
        ['wants', 'perhaps'],
      ]),
    );
    expect(status).toBe(422);
    expect(ran).toBe(false);
    expect(result).toMatchObject({
      sent: 'never',
      values: { name: [' '], note: ['what I wrote'] },
      errors: { name: 'Enter your name.', wants: expect.any(String) },
    });
  });

  test('never comes back where it is a password', async () => {
    const passwords = publicForm(
      z.strictObject({ email: line('x'), password: line('x'), newPassword: line('x') }),
      async () => refuse('No.'),
    );
    const { result } = await post(
      { passwords },
      fields([
        ['email', 'noor@example.test'],
        ['password', 'secret one'],
        ['newPassword', 'secret two'],
      ]),
    );
    expect(result).toMatchObject({ values: { email: ['noor@example.test'] } });
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  test.each([
    'role',
    'ownerId',
    'status',
    'verifiedAt',
    'isStaff',
    'constructor',
    'toString',
    '__proto__',
    '',
  ])('with a field “%s” that the form does not have is refused whole', async (name) => {
    const { result, status } = await post(
      { echo },
      fields([
        ['name', 'Noor'],
        [name, 'staff'],
      ]),
    );
    expect(status).toBe(422);
    expect(result).toMatchObject({
      errors: { form: 'This form was sent with fields it does not have. Reload the page and try again.' },
    });
  });

  test('twice under a name that takes one is refused', async () => {
    const { status, result } = await post(
      { echo },
      fields([
        ['name', 'Noor'],
        ['name', 'Juno'],
      ]),
    );
    expect(status).toBe(422);
    expect(result).toMatchObject({ errors: { name: 'Enter your name.' } });
  });

  test('under a name that takes many is a list, also when it is one or none', async () => {
    const many = publicForm(
      z.strictObject({ tags: z.array(z.string()), others: z.array(z.string()).max(3).default([]) }),
      async (_call, value) => show(value),
    );
    const shown = async (entries: [string, string][]) => (await post({ many }, fields(entries))).result;
    expect(await shown([])).toMatchObject({ shown: { tags: [], others: [] } });
    expect(await shown([['tags', 'a']])).toMatchObject({ shown: { tags: ['a'] } });
    expect(
      await shown([
        ['tags', 'a'],
        ['tags', 'b'],
        ['others', 'c'],
      ]),
    ).toMatchObject({
      shown: { tags: ['a', 'b'], others: ['c'] },
    });
  });

  test('with 10,000 fields, or fields of 100,000 characters, is a refusal and no error', async () => {
    const fieldsOf = (count: number) =>
      fields(Array.from({ length: count }, (_, place) => [`f${place}`, 'x']));
    expect((await post({ echo }, fieldsOf(900))).status).toBe(422);
    expect((await post({ echo }, fieldsOf(10_000))).status).toBe(400);
    expect((await post({ echo }, fields([['name', 'x'.repeat(100_000)]]))).status).toBe(422);
  });

  test('with a hundred thousand fields is refused before it holds up anybody else', async () => {
    const names = Array.from({ length: 100_000 }, (_, place) => place.toString(36));
    const part = (name: string) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n1\r\n`;
    const bodies = {
      'application/x-www-form-urlencoded': names.join('&'),
      'multipart/form-data; boundary=x': `${names.map(part).join('')}--x--\r\n`,
    };
    for (const [type, body] of Object.entries(bodies)) {
      const startedAt = cpuTime();
      expect((await post({ echo }, body, { type })).status, type).toBe(400);
      expect(cpuTime() - startedAt, type).toBeLessThan(250);
    }
  });
});

describe('a file', () => {
  const upload = publicForm(z.strictObject({ picture: z.instanceof(File) }), async (_call, { picture }) =>
    show({ size: picture.size, type: picture.type }),
  );

  test('reaches the action and does not come back', async () => {
    const data = new FormData();
    data.set('picture', new File(['12345'], 'a.png', { type: 'image/png' }));
    const { result } = await post({ upload }, data);
    expect(result).toMatchObject({ shown: { size: 5, type: 'image/png' }, values: { picture: [] } });
  });

  test('where a word is asked for is refused, and a word where a file is', async () => {
    const data = new FormData();
    data.set('name', new File(['Noor'], 'name.txt'));
    expect((await post({ echo }, data)).status).toBe(422);
    expect((await post({ upload }, fields([['picture', 'x']]))).status).toBe(422);
  });
});

test.each([
  ['JSON', 'application/json', '{"name":"Noor"}'],
  ['plain text', 'text/plain', 'name=Noor'],
  ['a report', 'application/csp-report', '{}'],
  ['nothing said', '', 'name=Noor'],
  ['a type that only begins alike', 'application/x-www-form-urlencodedx', 'name=Noor'],
  ['parts without a boundary', 'multipart/form-data', 'name=Noor'],
  ['parts that are none', 'multipart/form-data; boundary=x', 'name=Noor'],
])('%s instead of a form is refused with 415', async (_, type, body) => {
  const bytes = new TextEncoder().encode(body);
  const { status } = await post({ echo }, bytes, type ? { type } : {});
  expect(status).toBe(415);
});

describe('a page with several forms', () => {
  const one = publicForm(z.strictObject({}), async () => goTo('/one'));
  const two = publicForm(z.strictObject({}), async () => goTo('/two'));
  const to = async (entries: [string, string][]) => {
    const { result, status } = await post({ one, two }, fields(entries));
    return result instanceof Response ? (result.headers.get('Location') ?? status) : status;
  };

  test('runs the one that was sent', async () => {
    expect(await to([['form', 'one']])).toBe('/one');
    expect(await to([['form', 'two']])).toBe('/two');
  });

  test.each(['', 'three', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'refuses a form “%s” that it does not have',
    async (name) => {
      expect(await to([['form', name]])).toBe(400);
      expect(await to([])).toBe(400);
    },
  );
});

describe('an answer', () => {
  const answering = (run: Parameters<typeof publicForm>[1]) => ({ it: publicForm(z.strictObject({}), run) });
  const cookie = { name: 'login', value: 'v', attributes: { httpOnly: true, path: '/' } } as never;

  test('that leads on is a redirect with GET, with its cookies', async () => {
    const { result, status, cookies } = await post(
      answering(async () => goTo('/me?done=saved', [cookie])),
      fields([]),
    );
    expect(status).toBe(303);
    expect((result as Response).headers.get('Location')).toBe('/me?done=saved');
    expect(cookies).toEqual({ login: { value: 'v', attributes: { httpOnly: true, path: '/' } } });
  });

  test.each(['//evil.example.test/a', '/\\evil.example.test/a', '\\\\evil.example.test/a'])(
    'never leads to another site: %s',
    async (address) => {
      const away = publicForm(z.strictObject({}), async () => goTo(address));
      const { result } = await post({ away }, fields([]));
      expect((result as Response).headers.get('Location')).toBe('/evil.example.test/a');
    },
  );

  test('that leads to what a header cannot carry leads there encoded', async () => {
    for (const [to, location] of [
      ['/reset-password/日本 x', '/reset-password/%E6%97%A5%E6%9C%AC%20x'],
      ['/a\r\nSet-Cookie: x=1', '/a%0D%0ASet-Cookie:%20x=1'],
      ['/a?q=%20b&c=😀#d', '/a?q=%20b&c=%F0%9F%98%80#d'],
    ] as const) {
      const { result } = await post(
        answering(async () => goTo(to)),
        fields([]),
      );
      expect((result as Response).headers.get('Location')).toBe(location);
    }
  });

  test('that refuses draws the page with its sentence and its status', async () => {
    const whole = await post(
      answering(async () => refuse('Not now.', 403)),
      fields([]),
    );
    expect(whole.status).toBe(403);
    expect(whole.result).toMatchObject({ errors: { form: 'Not now.' } });
    const field = await post(
      answering(async () => refuse({ email: 'No.' })),
      fields([]),
    );
    expect(field.status).toBe(422);
    expect(field.result).toMatchObject({ errors: { email: 'No.' } });
  });

  test('that says to come again says when, in whole seconds and at least one', async () => {
    const retryAfter = async (ms: number) => {
      const { status, headers } = await post(
        answering(async () => refuseUntil('Too often.', new Date(now.getTime() + ms))),
        fields([]),
      );
      expect(status).toBe(429);
      return headers.get('Retry-After');
    };
    expect(await retryAfter(60_000)).toBe('60');
    expect(await retryAfter(1_001)).toBe('2');
    expect(await retryAfter(0)).toBe('1');
    expect(await retryAfter(-5_000)).toBe('1');
  });

  test('that shows something sets its cookies and status 200', async () => {
    const { result, status, cookies } = await post(
      answering(async () => show('x' as never, [cookie])),
      fields([]),
    );
    expect(status).toBe(200);
    expect(result).toMatchObject({ shown: 'x' });
    expect(cookies).toHaveProperty('login');
  });

  test('of too many passwords at once is a sentence and 429; any other error is ours and thrown', async () => {
    const busy = await post(
      answering(async () => {
        throw new TooManyPasswords('x');
      }),
      fields([]),
    );
    expect(busy.status).toBe(429);
    expect(busy.result).toMatchObject({ errors: { form: expect.stringContaining('try again in a minute') } });
    const failing = post(
      answering(async () => {
        throw new Error('a bug');
      }),
      fields([]),
    );
    await expect(failing).rejects.toThrow('a bug');
  });

  test.for([
    ['the database is away', new DatabaseUnavailable('away'), 'We cannot reach our database'],
    [
      'the disk is full',
      Object.assign(new Error('full'), { code: 'SQLITE_FULL' }),
      'We cannot save anything',
    ],
  ] as const)('while %s is a sentence and 503, and what was typed stays', async ([, error, sentence]) => {
    const answered = await post(
      answering(async () => {
        throw new Error('Failed query', { cause: error });
      }),
      fields([]),
    );
    expect(answered.status).toBe(503);
    expect(answered.headers.get('Retry-After')).toBe('10');
    expect(answered.result).toMatchObject({ errors: { form: expect.stringContaining(sentence) } });
  });
});

describe('who may send a form', () => {
  const viewer = (...grants: Viewer['grants']): Viewer => ({
    id: 'usr_1' as Viewer['id'],
    name: 'Noor',
    email: 'noor@example.test',
    timeZone: 'UTC',
    pictureId: null,
    grants,
    loginSession: { idHash: 'h', createdAt: now, lastUsedAt: now, authenticatedAt: now, device: 'x' },
  });
  const done = async () => goTo('/done');
  const nothing = z.strictObject({});
  const forms = {
    public: publicForm(nothing, done),
    'signed in': signedInForm(nothing, done),
    staff: staffForm(nothing, done),
    sam: samForm(nothing, done),
  };
  const people: Record<string, Viewer | null> = {
    nobody: null,
    'without a role': viewer(),
    member: viewer({ role: 'member', scopeId: 'sch_1' }),
    editor: viewer({ role: 'editor', scopeId: '' }),
    ta: viewer({ role: 'ta', scopeId: '' }),
    host: viewer({ role: 'host', scopeId: 'sch_1' }),
    'its SAM': viewer({ role: 'sam', scopeId: 'sch_1' }),
    'another’s SAM': viewer({ role: 'sam', scopeId: 'sch_2' }),
    staff: viewer({ role: 'staff', scopeId: '' }),
  };
  const allowed: Record<keyof typeof forms, string[]> = {
    public: Object.keys(people),
    'signed in': Object.keys(people).filter((name) => name !== 'nobody'),
    staff: ['staff'],
    sam: ['its SAM', 'staff'],
  };

  test.each(Object.keys(forms) as (keyof typeof forms)[])(
    '%s: everybody else is answered as if it were not there',
    async (form) => {
      for (const [name, who] of Object.entries(people)) {
        const { status } = await post({ it: forms[form] }, fields([]), {
          viewer: who,
          params: { school: 'sch_1' },
        });
        expect([name, status]).toEqual([name, allowed[form].includes(name) ? 303 : 404]);
      }
    },
  );

  test('a SAM’s form on a page without a school is for no SAM', async () => {
    const noSchool = viewer({ role: 'sam', scopeId: '' });
    for (const who of [people['its SAM']!, noSchool]) {
      const { status } = await post({ it: forms.sam }, fields([]), { viewer: who });
      expect(status).toBe(404);
    }
  });
});
