import type { Viewer } from '../domains/accounts/model.ts';
import { hasRole } from '../domains/accounts/model.ts';
import { invitationInput, previewInput, sendInput } from '../domains/schools/invitation-inputs.ts';
import { readList, readListFile } from '../domains/schools/invitation-list.ts';
import { refusalSentence } from '../domains/schools/invitation-words.ts';
import {
  type InvitationPreview,
  previewInvitations,
  resendInvitation,
  schoolForInviting,
  sendInvitations,
  withdrawInvitation,
} from '../domains/schools/invitations.ts';
import { type Answer, type Call, goTo, notFound, refuse, refuseUntil, samForm, show } from './define.ts';

type Previewed = Answer<InvitationPreview>;

/** Reads a list and shows what would happen, line by line. Nothing is sent. */
export const preview = samForm(previewInput, async (call, { list, file }): Promise<Previewed> => {
  const school = await schoolForInviting(call.ctx, call.viewer, schoolOf(call));
  if (!school) return notFound;
  const read = file ? readListFile(new Uint8Array(await file.arrayBuffer())) : readList(list);
  const result = await previewInvitations(call.ctx, school, read);
  if ('refused' in result) return refuse({ [file ? 'file' : 'list']: refusalSentence(result) });
  return show(result);
});

/** Sends what a preview showed. Where something has changed since, the new preview is shown and nothing is sent. */
export const send = samForm(sendInput, async (call, { list }): Promise<Previewed> => {
  const result = await sendInvitations(call.ctx, actorOf(call), schoolOf(call), list);
  if (result === 'no-school') return notFound;
  if ('refused' in result) return refuse(refusalSentence(result), 409);
  return 'preview' in result ? show(result.preview) : goTo(pageOf(call, 'sent'));
});

export const resend = samForm(invitationInput, async (call, { invitationId }) => {
  const result = await resendInvitation(call.ctx, actorOf(call), schoolOf(call), invitationId);
  if (result === 'sent') return goTo(pageOf(call, 'sent-again'));
  if (result === 'not-found') return goTo(pageOf(call, 'gone'));
  return 'until' in result
    ? refuseUntil('An invitation goes to a person at most once a day. Send it again tomorrow.', result.until)
    : refuse(refusalSentence(result), 409);
});

export const withdraw = samForm(invitationInput, async (call, { invitationId }) => {
  const result = await withdrawInvitation(call.ctx, call.viewer.id, schoolOf(call), invitationId);
  return goTo(pageOf(call, result === 'withdrawn' ? result : 'gone'));
});

type ByViewer = Call<Viewer>;

const schoolOf = ({ params }: ByViewer) => params['school'] ?? '';
const pageOf = (call: ByViewer, done: string) => `/sam/${schoolOf(call)}/invite?done=${done}`;

/** A mail names the SAM who invites; staff who do it for a school stay unnamed. */
const actorOf = (call: ByViewer) => ({
  id: call.viewer.id,
  invitedBy: hasRole(call.viewer, 'sam', schoolOf(call)) ? call.viewer.name : '',
});
