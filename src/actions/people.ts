import { getEntry } from 'astro:content';
import type { Grant, Viewer } from '../domains/accounts/model.ts';
import {
  endSignInsOf,
  giveRole,
  liftSuspension as lift,
  sendPasswordReset as sendReset,
  suspendUser as suspend,
  takeRole as take,
} from '../domains/accounts/people.ts';
import {
  heldRoleInput,
  hostRoleInput,
  nothingInput,
  samRoleInput,
  siteRoleInput,
  suspendInput,
} from '../domains/accounts/people-inputs.ts';
import type { Id } from '../platform/ids.ts';
import { type Call, goTo, notFound, refuse, staffForm } from './define.ts';

const oneself = 'This is you. Ask a colleague on the staff to do it.';
const lastStaff = 'This is the last person who is staff. Make somebody else staff first.';

const userIdOf = ({ params }: Call<Viewer>) => (params['id'] ?? '') as Id<'usr'>;
const backTo = (call: Call<Viewer>, done: string) => goTo(`${call.url.pathname}?done=${done}`);

export const suspendUser = staffForm(suspendInput, async (call, { reason }) => {
  const outcome = await suspend(call.ctx, call.viewer.id, userIdOf(call), reason);
  switch (outcome) {
    case 'not-found':
      return notFound;
    case 'oneself':
      return refuse(oneself);
    case 'last-staff':
      return refuse(lastStaff);
    case 'already-suspended':
    case 'suspended':
      return backTo(call, 'suspended');
  }
});

export const liftSuspension = staffForm(nothingInput, async (call) => {
  const outcome = await lift(call.ctx, call.viewer.id, userIdOf(call));
  return outcome === 'oneself' ? refuse(oneself) : backTo(call, 'lifted');
});

export const endSignIns = staffForm(nothingInput, async (call) => {
  const outcome = await endSignInsOf(call.ctx, call.viewer.id, userIdOf(call));
  if (outcome === 'oneself') return refuse('This is you. End your own sign-ins on your profile page.');
  return backTo(call, 'signed-out');
});

export const sendPasswordReset = staffForm(nothingInput, async (call) => {
  const outcome = await sendReset(call.ctx, call.viewer.id, userIdOf(call));
  switch (outcome) {
    case 'not-found':
      return notFound;
    case 'suspended':
      return refuse('They are suspended, and could not use the link. Lift the suspension first.');
    case 'too-often':
      return refuse(
        'Three links went to this address within an hour. Please wait until the hour is over.',
        429,
      );
    case 'sent':
      return backTo(call, 'reset-sent');
  }
});

export const giveSiteRole = staffForm(siteRoleInput, (call, { role }) =>
  give(call, { role, scopeId: '' }, 'role'),
);

export const giveHostRole = staffForm(hostRoleInput, async (call, { community }) => {
  const exists = await getEntry('communities', community);
  if (!exists) return refuse({ community: 'There is no such community any more. Choose another.' });
  return give(call, { role: 'host', scopeId: community }, 'community');
});

export const giveSamRole = staffForm(samRoleInput, (call, { school }) =>
  give(call, { role: 'sam', scopeId: school }, 'school'),
);

async function give(call: Call<Viewer>, grant: Grant, field: string) {
  const outcome = await giveRole(call.ctx, call.viewer.id, userIdOf(call), grant);
  switch (outcome) {
    case 'not-found':
      return notFound;
    case 'oneself':
      return refuse(oneself);
    case 'suspended':
      return refuse('They are suspended. Lift the suspension before you give them a role.');
    case 'unknown-school':
      return refuse({ [field]: 'There is no such school any more. Choose another.' });
    case 'given':
      return backTo(call, 'given');
  }
}

export const takeRole = staffForm(heldRoleInput, async (call, { role, scope }) => {
  const outcome = await take(call.ctx, call.viewer.id, userIdOf(call), { role, scopeId: scope });
  switch (outcome) {
    case 'oneself':
      return refuse(oneself);
    case 'last-staff':
      return refuse(lastStaff);
    case 'not-held':
    case 'taken':
      return backTo(call, 'taken');
  }
});
