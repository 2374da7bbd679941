import { expect, test } from 'vitest';
import type { Grant } from '../accounts/model.ts';
import { canPlan, canRun, mayAttend } from './policy.ts';

const who = (...grants: Grant[]) => ({ id: 'usr_x' as never, grants });
const member = { role: 'member', scopeId: 'sch_1' } as const;
const hostOf = (scopeId: string) => ({ role: 'host', scopeId }) as const;
const staff = { role: 'staff', scopeId: '' } as const;
const liveSession = {
  audience: 'communities' as const,
  state: 'scheduled',
  communities: [{ slug: 'librarians' }, { slug: 'nurses' }],
  people: [{ userId: 'usr_host' }],
};

test('a host plans for all communities that they host, and for none beside; staff for any', () => {
  expect(canPlan(who(hostOf('librarians')), ['librarians'])).toBe(true);
  expect(canPlan(who(hostOf('librarians')), ['librarians', 'nurses'])).toBe(false);
  expect(canPlan(who(hostOf('librarians')), [])).toBe(false);
  expect(canPlan(who(member), ['librarians'])).toBe(false);
  expect(canPlan(who(staff), ['librarians', 'nurses'])).toBe(true);
});

test('a host of one of its communities runs a live session, and so do staff; a TA or member does not', () => {
  expect(canRun(who(hostOf('nurses')), liveSession)).toBe(true);
  expect(canRun(who(staff), liveSession)).toBe(true);
  expect(canRun(who(hostOf('coaches'), member), liveSession)).toBe(false);
  expect(canRun(who({ role: 'ta', scopeId: '' }), liveSession)).toBe(false);
});

test.for([
  ['a member who joined one of its communities', who(member), ['nurses'], {}, true],
  ['a member who joined another', who(member), ['coaches'], {}, false],
  ['somebody who holds no role any more', who(), ['nurses'], {}, false],
  ['any member, where it is for all', who(member), [], { audience: 'members' }, true],
  ['somebody without a role, where it is for all', who(), [], { audience: 'members' }, false],
  ['a SAM, where it is for SAMs', who({ role: 'sam', scopeId: 'sch_1' }), [], { audience: 'sams' }, true],
  ['a member, where it is for SAMs', who(member), ['nurses'], { audience: 'sams' }, false],
  ['a member, while it is a draft', who(member), ['nurses'], { state: 'draft' }, false],
  [
    'a host of one of its communities, while it is a draft',
    who(hostOf('nurses')),
    [],
    { state: 'draft' },
    true,
  ],
  ['a host of another community, as a member of none', who(hostOf('coaches')), [], {}, false],
  ['a TA', who({ role: 'ta', scopeId: '' }), [], {}, true],
  ['staff', who(staff), [], {}, true],
] as const)('may attend: %s', ([, viewer, memberships, changes, expected]) => {
  expect(mayAttend(viewer, memberships, { ...liveSession, ...changes })).toBe(expected);
});
