import { beforeEach, describe, expect, test } from 'vitest';
import { useSchool } from '../../../tests/activation.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import type { Grant, Viewer } from '../accounts/model.ts';
import { revokeActivationLink } from '../schools/activation-links.ts';
import { pauseSchool } from '../schools/schools.ts';
import { fillingOf, launchKit } from './kit.ts';

const now = new Date('2026-09-15T08:30:00Z');
let db: TestDatabase;
let schoolId: Id<'sch'>;
let secret: string;
let staffId: Id<'usr'>;

beforeEach(async () => {
  db = await useDatabase();
  ({ schoolId, secret } = await useSchool({ name: 'Lotus <b>Bay</b> & Co' }, db));
  ({ id: staffId } = await addUser(db, now, { roles: [['staff']] }));
});

const viewerWith = (...grants: [Grant['role'], string?][]) =>
  ({
    name: 'Sam Reuel',
    grants: grants.map(([role, scopeId = '']) => ({ role, scopeId })),
  }) as unknown as Viewer;
const kitFor = (viewer: Viewer | null, at = now) => launchKit(db.read, viewer, schoolId, at);
const samsKit = async (at = now) => (await kitFor(viewerWith(['sam', schoolId]), at))!;

describe('the kit', () => {
  test('is for the school’s SAMs and for staff, and for nobody else', async () => {
    expect(await samsKit()).toBeDefined();
    expect(await kitFor(viewerWith(['staff']))).toBeDefined();
    const others = [
      viewerWith(['sam', 'sch_other']),
      viewerWith(['member', schoolId]),
      viewerWith(['editor']),
    ];
    for (const viewer of [...others, null]) expect(await kitFor(viewer)).toBeUndefined();
    expect(await launchKit(db.read, viewerWith(['staff']), 'sch_none', now)).toBeUndefined();
    expect(await launchKit(db.read, viewerWith(['staff']), undefined, now)).toBeUndefined();
  });

  test('has the school’s own link, name and numbers, and is signed by the SAM who looks', async () => {
    const member = await addUser(db, now, { roles: [['member', schoolId]] });
    const elsewhere = await addUser(db, now, { roles: [['member', 'sch_other']] });
    await addMembers(db, now, 'nurses', [member.id, elsewhere.id]);
    await addMembers(db, now, 'librarians', [elsewhere.id]);
    await addLiveSession(db, now, 'nurses');
    await addLiveSession(db, now, 'nurses', { state: 'cancelled' });
    const kit = await samsKit();
    expect(kit).toMatchObject({
      school: { id: schoolId, name: 'Lotus <b>Bay</b> & Co' },
      sam: 'Sam Reuel',
      link: { url: `${env.siteUrl}/activate/${secret}` },
      joining: 'open',
      counts: { communities: 2, colleagues: 1, joinedCommunities: 1, liveSessions: 1 },
    });
    expect(fillingOf(kit, 'PeerSphere')).toEqual({
      words: {
        school: 'Lotus <b>Bay</b> & Co',
        sam: 'Sam Reuel',
        network: 'PeerSphere',
        communities: '2',
        colleagues: '1',
        joined: 'One of us has joined already.',
      },
      addresses: { link: `${env.siteUrl}/activate/${secret}` },
      siteUrl: env.siteUrl,
    });
  });

  test('that staff look at is signed by the school’s SAM, or by nobody’s name', async () => {
    expect((await kitFor(viewerWith(['staff'])))?.sam).toBe('Your SAM');
    await addUser(db, now, { name: 'Ines Sample', roles: [['sam', schoolId]] });
    expect((await kitFor(viewerWith(['staff'])))?.sam).toBe('Ines Sample');
  });
});

describe('a link that nobody could join by stands nowhere', () => {
  const problemOf = async (at = now) => {
    const kit = await samsKit(at);
    const { words, addresses } = fillingOf(kit, 'PeerSphere');
    expect(addresses).toEqual({});
    expect(words['link']).toBe('(no activation link at this moment)');
    expect(JSON.stringify(kit)).not.toContain(secret);
    return 'problem' in kit.link && kit.link.problem;
  };

  test('when it was taken away', async () => {
    await revokeActivationLink({ db, now }, staffId, schoolId);
    expect(await problemOf()).toBe('none');
  });

  test('when the school is paused', async () => {
    await pauseSchool({ db, now }, staffId, schoolId);
    expect(await problemOf()).toBe('paused');
  });

  test('when the membership has ended', async () => {
    expect(await problemOf(new Date('2027-08-01T12:00:00Z'))).toBe('ended');
  });
});

test('a membership that has not begun has its link already, and says that it works later', async () => {
  const kit = await samsKit(new Date('2026-07-01T12:00:00Z'));
  expect(kit.joining).toBe('not-started');
  expect(kit.link).toHaveProperty('url');
});
