import { eq } from 'drizzle-orm';
import ICAL from 'ical.js';
import { describe, expect, inject, test } from 'vitest';
import { users } from '../../db/schema/accounts.ts';
import { communities } from '../../db/schema/communities.ts';
import { liveSessionPeople, liveSessions, rsvps } from '../../db/schema/live-sessions.ts';
import { eraseDueUser } from '../../src/actions/personal-data.ts';
import { revokeRole } from '../../src/domains/accounts/roles.ts';
import { makeFeed } from '../../src/domains/live-sessions/feeds.ts';
import { changeLiveSession } from '../../src/domains/live-sessions/plan.ts';
import { findLiveSession } from '../../src/domains/live-sessions/queries.ts';
import type { Id } from '../../src/platform/ids.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { cookieOf, mailTo, makeUser, siteDb, type TestUser, usePortal } from '../portal.ts';

usePortal();

const siteUrl = () => inject('siteUrl');

const get = async (path: string, user?: TestUser) =>
  fetch(siteUrl() + path, { redirect: 'manual', headers: user ? { Cookie: await cookieOf(user) } : {} });

const post = async (path: string, user: TestUser, fields: Record<string, string | string[]>) =>
  fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl(), Cookie: await cookieOf(user) },
    body: new URLSearchParams(
      Object.entries(fields).flatMap(([name, all]) => [all].flat().map((value) => [name, value])),
    ),
  });

/** What a reader sees: without tags, and with the marks that HTML writes otherwise. */
const textOf = async (answer: Response) =>
  (await answer.text())
    .replace(/<(script|style)\b.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', '’')
    .replace(/\s+/g, ' ');

let count = 0;

/** A community of its own for one test, with a host and one of its members. */
async function community() {
  count += 1;
  const slug = `gone-wrong-${process.pid}-${count}`;
  const [host, member] = [await makeUser([['host', slug]], 'Hedda Hostname'), await makeUser([['member']])];
  await addMembers(await siteDb(), new Date(), slug, [member.id]);
  return { slug, host, member };
}

const plan = (slug: string) => ({
  ...{ form: 'planForMembers', day: '2030-10-14', clock: '16:00', timeZone: 'Europe/London', minutes: '90' },
  ...{ communities: slug, title: 'What may go', audience: 'communities', outsideReason: 'A trial' },
  ...{ round: '', meetingLink: '', deckUrl: '' },
});

describe('a plan', () => {
  test.for([
    [{ day: '2026-02-30' }, 'Enter a day.'],
    [{ day: '2026-13-01' }, 'Enter a day.'],
    [{ day: '99999999-01-01' }, 'Enter a day.'],
    [{ day: '２０３０-１０-１４' }, 'Enter a day.'],
    [{ day: ['2030-10-14', '2030-10-15'] }, 'Enter a day.'],
    [{ day: '14/10/2030' }, 'Enter a day.'],
    [{ day: '' }, 'Enter a day.'],
    [{ clock: '25:61' }, 'Enter an hour like 16:00.'],
    [{ clock: '٠٩:٠٠' }, 'Enter an hour like 16:00.'],
    [{ clock: ['16:00', '17:00'] }, 'Enter an hour like 16:00.'],
    [{ clock: '9' }, 'Enter an hour like 16:00.'],
    [{ minutes: '9e9' }, 'Enter a whole number from 15 to 480.'],
    [{ minutes: '99999' }, 'Enter a whole number from 15 to 480.'],
    [{ minutes: '９０' }, 'Enter a whole number from 15 to 480.'],
    [{ timeZone: 'Asia/Atlantis' }, 'Choose a time zone from the list.'],
    [{ timeZone: '../../etc/passwd' }, 'Choose a time zone from the list.'],
    [{ timeZone: ['Asia/Tokyo', 'Asia/Seoul'] }, 'Choose a time zone.'],
    [
      { day: '2030-03-31', clock: '01:30' },
      'There is no 01:30 on 31 March 2030: the clocks go forward over it. Choose 31 March 2030, 00:30, or 31 March 2030, 02:30.',
    ],
    [{ day: '0001-01-01' }, 'This is in the past.'],
    [{ day: '1582-10-10' }, 'This is in the past.'],
    [{ day: '9999-12-31', times: '2', round: '' }, 'There is no such day or hour in this time zone.'],
  ] as const)('with %o is refused with “%s”, and so is a look at its time', async ([wrong, sentence]) => {
    const { slug, host } = await community();
    const refused = await post('/host/live-sessions/new', host, { ...plan(slug), ...wrong } as never);
    const text = await textOf(refused);
    expect(refused.status).toBe(422);
    expect(text).toContain(sentence);
    const looked = await post('/host/live-sessions/new', host, {
      ...plan(slug),
      ...wrong,
      form: 'checkTime',
    } as never);
    expect([200, 422]).toContain(looked.status);
    if (!sentence.includes('in the past') && !('times' in wrong)) {
      expect(looked.status).toBe(422);
      expect(await textOf(looked)).toContain(sentence);
    }
    const db = await siteDb();
    expect(await db.read.$count(liveSessions, eq(liveSessions.createdById, host.id))).toBe(0);
  });

  test('that is sent twice at once is planned once', async () => {
    const { slug, host } = await community();
    const sent = await Promise.all([1, 2, 3].map(() => post('/host/live-sessions/new', host, plan(slug))));
    expect(sent.map(({ status }) => status).sort()).toEqual([303, 422, 422]);
    const again = sent.find(({ status }) => status === 422)!;
    expect(await textOf(again)).toContain('meets at this very time already');
  });

  test('with fields that no plan has is refused, and what was typed stays', async () => {
    const { slug, host } = await community();
    for (const form of ['planForMembers', 'checkTime']) {
      const refused = await post('/host/live-sessions/new', host, { ...plan(slug), form, createdById: 'x' });
      expect(refused.status).toBe(422);
      expect(await refused.text()).toContain('value="What may go"');
    }
  });

  test('is looked at only for communities that one may plan for', async () => {
    const [mine, other] = [await community(), await community()];
    const fields = { ...plan(other.slug), form: 'checkTime' };
    const refused = await post('/host/live-sessions/new', mine.host, fields);
    expect(refused.status).toBe(422);
    expect(await textOf(refused)).toContain('Choose communities that you host');
    expect((await post('/host/live-sessions/new', await makeUser([['staff']]), fields)).status).toBe(200);
  });
});

test('a profile with a zone that does not exist is refused with a sentence', async () => {
  const user = await makeUser([['member']]);
  for (const timeZone of ['Asia/Atlantis', '+05:30', 'UTC\u0000', 'x'.repeat(5000)]) {
    const refused = await post('/me/profile', user, { form: 'saveProfile', name: 'Noor', timeZone });
    expect([400, 422]).toContain(refused.status);
  }
});

test.each([
  '/me/calendar?view=month&month=2026-13',
  '/me/calendar?view=month&month=2026-02-30',
  '/me/calendar?view=month&month=99999999999',
  '/me/calendar?view=month&month=%D9%A2%D9%A0%D9%A2%D9%A6-%D9%A1%D9%A1',
  '/me/calendar?view=month&month[]=2026-11&month=&view=',
  '/me/calendar?view=month&month=%00',
  '/me/calendar?view=month&month=2000-01',
  '/me/calendar?view=month&month=2099-12',
  '/me/calendar?view=constructor&month=__proto__',
  '/me/calendar?month=%FF%FE',
  '/sessions?page=0',
  '/sessions?page=-1&page=2',
  '/sessions?page=99999999999999999999',
  '/sessions?page=%D9%A2&sort=__proto__',
  '/sessions?community=%00%FF',
  `/sessions?community=${'x'.repeat(3000)}`,
  '/sessions?community=a&community=b&month=2026-02-30',
  '/host?month=25:61',
])('%s shows a page', async (path) => {
  const answer = await get(path, await makeUser([['staff']]));
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('</html>');
});

test.each(['month=2026-13', 'round=9', 'round=2026-27/99', 'community=__proto__', 'round=%00'])(
  'a new plan from an address with %s begins empty',
  async (query) => {
    const { host } = await community();
    expect((await get(`/host/live-sessions/new?${query}`, host)).status).toBe(200);
  },
);

describe('when a host is removed', () => {
  async function led() {
    const { slug, host, member } = await community();
    const db = await siteDb();
    const title = `Led by one, ${slug}`;
    const id = await addLiveSession(db, new Date(), slug, { title, details: 'What we do' });
    await db.write((tx) =>
      tx.insert(liveSessionPeople).values({ liveSessionId: id, userId: host.id, part: 'host' }),
    );
    expect((await get(`/host/live-sessions/${id}/edit`, host)).status).toBe(200);
    return { slug, host, member, id, title };
  }

  const removals: Record<string, (host: TestUser, slug: string) => Promise<unknown>> = {
    'their role is taken': async (host, slug) =>
      (await siteDb()).write((tx) =>
        revokeRole(tx, new Date(), null, { userId: host.id, role: 'host', scopeId: slug }),
      ),
    'they are suspended': async (host) =>
      (await siteDb()).write((tx) =>
        tx.update(users).set({ suspendedAt: new Date() }).where(eq(users.id, host.id)),
      ),
    'they are erased': async (host) => {
      const db = await siteDb();
      const due = new Date(Date.now() - 1000);
      await db.write((tx) => tx.update(users).set({ erasureDueAt: due }).where(eq(users.id, host.id)));
      expect(await eraseDueUser({ db, now: new Date() }, host.id)).toBe(true);
    },
  };

  test.each(Object.keys(removals))(
    'because %s, the live session stays, they change nothing any more, and staff and hosts are told',
    async (how) => {
      const { slug, host, member, id, title } = await led();
      const cookie = await cookieOf(host);
      const staff = await makeUser([['staff']]);
      const coHost = await makeUser([['host', slug]], 'Cora Cohost');
      const listed = `/staff/live-sessions?q=${encodeURIComponent(title)}`;
      expect(await textOf(await get(listed, staff))).not.toContain('Still missing: a host');
      expect(await textOf(await get(`${listed}&when=decision`, staff))).not.toContain(title.slice(0, 12));

      await removals[how]!(host, slug);

      const edit = `${siteUrl()}/host/live-sessions/${id}/edit`;
      const seen = await fetch(edit, { redirect: 'manual', headers: { Cookie: cookie } });
      expect([303, 404]).toContain(seen.status); // no host’s page, and no sign-in either for who is not there
      const tried = await fetch(edit, {
        method: 'POST',
        redirect: 'manual',
        headers: { Origin: siteUrl(), Cookie: cookie },
        body: new URLSearchParams({ form: 'cancelLiveSession', reason: 'x' }),
      });
      expect([303, 404]).toContain(tried.status);
      const overview = await fetch(`${siteUrl()}/host`, { redirect: 'manual', headers: { Cookie: cookie } });
      expect([303, 404]).toContain(overview.status);

      expect(await findLiveSession((await siteDb()).read, id)).toMatchObject({ state: 'scheduled' });
      expect(await textOf(await get(listed, staff))).toContain('Still missing: a host');
      expect(await textOf(await get(`${listed}&when=decision`, staff))).toContain(title);
      expect(await textOf(await get('/host', coHost))).toContain('Still missing: a host');
      const answered = await post(`/live-sessions/${id}/rsvp`, member, { answer: 'going' });
      expect(answered.status).toBe(303);
    },
  );

  test('because they are erased, no page and no mail names them', async () => {
    const { slug, host, member, id, title } = await led();
    expect(await textOf(await get(`/live-sessions/${id}`, member))).toContain(host.name);
    await post(`/live-sessions/${id}/rsvp`, member, { answer: 'going' });
    await removals['they are erased']!(host, slug);
    expect(await textOf(await get(`/live-sessions/${id}`, member))).not.toContain(host.name);

    const coHost = await makeUser([['host', slug]], 'Cora Cohost');
    const before = (await findLiveSession((await siteDb()).read, id))!;
    const staff = { id: coHost.id, grants: [{ role: 'staff' as const, scopeId: '' }] };
    const changed = await changeLiveSession(
      { db: await siteDb(), now: new Date() },
      staff,
      id,
      {
        ...before,
        ...{ minutes: 90, communities: [slug], hosts: [coHost.id], taId: '', outsideReason: 'A trial' },
        wallTime: '2030-10-14T16:00',
      },
      [],
    );
    expect(changed).toEqual({ changed: true });
    const mail = await mailTo(member.email, `Changed: ${title.slice(0, 10)}`);
    expect(mail.text).toContain('Cora Cohost');
    expect(JSON.stringify(mail)).not.toContain(host.name);
  });
});

describe('when a community is retired with live sessions ahead', () => {
  async function retired() {
    const made = await community();
    const db = await siteDb();
    const title = `Farewell of ${made.slug}`;
    const id = await addLiveSession(db, new Date(), made.slug, { title });
    await db.write((tx) =>
      tx.update(communities).set({ retiredAt: new Date() }).where(eq(communities.slug, made.slug)),
    );
    return { ...made, id, title };
  }

  test('whoever was in it still sees the live session, answers, and has it in every calendar', async () => {
    const { slug, member, id, title } = await retired();
    const page = await get(`/live-sessions/${id}`, member);
    const html = await page.text();
    expect([page.status, html.includes(`Community ${slug} (closed)`)]).toEqual([200, true]);
    expect(html).not.toContain(`href="/communities/${slug}"`);
    expect((await post(`/live-sessions/${id}/rsvp`, member, { answer: 'going' })).status).toBe(303);
    expect(await textOf(await get('/me/calendar', member))).toContain(title);
    const db = await siteDb();
    for (const scope of ['going', 'all'] as const) {
      const feed = await fetch(await onThisSite(makeFeed({ db, now: new Date() }, member, scope)));
      const events = new ICAL.Component(ICAL.parse(await feed.text())).getAllSubcomponents('vevent');
      expect(events.map((event) => event.getFirstPropertyValue('summary'))).toContain(title);
    }
  });

  test('its hub says that it has closed, to everybody, and nobody joins it any more', async () => {
    const { slug, member, host } = await retired();
    const stranger = await makeUser([['member']]);
    for (const user of [member, host, stranger]) {
      const hub = await get(`/communities/${slug}/hub`, user);
      expect(hub.status).toBe(410);
      expect(await textOf(hub)).toContain('has closed');
      for (const section of ['live-sessions', 'members', 'resources', 'survey'])
        expect((await get(`/communities/${slug}/hub/${section}`, user)).status).toBe(303);
    }
    const joined = await post(`/communities/${slug}/hub`, stranger, { form: 'joinHub' });
    expect([joined.status, (await textOf(joined)).includes('nobody can join it')]).toEqual([410, true]);
    const fromList = await post('/me/communities', stranger, { form: 'joinFromList', community: slug });
    expect([fromList.status, (await textOf(fromList)).includes('nobody can join it')]).toEqual([410, true]);
    expect((await get(`/communities/${slug}`)).status).toBe(404);
  });

  test('who was not in it is told why they cannot answer', async () => {
    const { id } = await retired();
    const stranger = await makeUser([['member']]);
    const refused = await post(`/live-sessions/${id}/rsvp`, stranger, { answer: 'going' });
    expect([refused.status, (await textOf(refused)).includes('community that has closed')]).toEqual([
      403,
      true,
    ]);
    expect(await textOf(await get(`/live-sessions/${id}`, stranger))).toContain('community that has closed');
    const db = await siteDb();
    expect(await db.read.$count(rsvps, eq(rsvps.liveSessionId, id))).toBe(0);
  });

  test('staff see that it needs a decision, and can cancel it', async () => {
    const { slug, id, title, member } = await retired();
    const staff = await makeUser([['staff']]);
    await post(`/live-sessions/${id}/rsvp`, member, { answer: 'going' });
    for (const when of ['', 'decision']) {
      const list = await get(`/staff/live-sessions?q=${encodeURIComponent(title)}&when=${when}`, staff);
      expect(await textOf(list)).toContain(`Community ${slug} has closed`);
    }
    expect((await get(`/host/live-sessions/${id}/edit`, staff)).status).toBe(200);
    const cancelled = await post(`/host/live-sessions/${id}/edit`, staff, {
      ...{ form: 'cancelLiveSession', reason: 'The community has closed.' },
    });
    expect(cancelled.status).toBe(303);
    await mailTo(member.email, 'Cancelled');
  });

  test('nothing new is planned for it', async () => {
    const { slug, host } = await retired();
    const refused = await post('/host/live-sessions/new', host, plan(slug));
    expect([refused.status, (await textOf(refused)).includes('still open')]).toEqual([422, true]);
  });
});

/** Feeds are made here with the address of another port. */
async function onThisSite(address: Promise<string>): Promise<string> {
  return siteUrl() + new URL(await address).pathname;
}

test('a live session that is not there is not found, by any of its addresses', async () => {
  const [staff, id] = [await makeUser([['staff']]), 'ses_00000000000000000000000000000000' as Id<'ses'>];
  for (const path of [
    `/live-sessions/${id}`,
    `/live-sessions/${id}/rsvp`,
    `/live-sessions/${id}/calendar.ics`,
    `/host/live-sessions/${id}/edit`,
    '/live-sessions/%00',
    '/live-sessions/%E0%A4%A',
    '/rsvp/x',
    '/calendar/x.ics',
  ])
    expect([400, 404], path).toContain((await get(path, staff)).status);
});
