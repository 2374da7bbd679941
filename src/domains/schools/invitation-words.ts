import { listLimits } from './invitation-list.ts';
import type { InvitationProblem, InvitationRefusal } from './invitations.ts';
import { otherDomainSentence } from './joining-words.ts';

const figure = (count: number) => count.toLocaleString('en-GB');

/** What is wrong with one line of a list, for the SAM who made it. */
export function problemSentence(
  problem: InvitationProblem,
  school: { name: string; emailDomains: string[] },
): string {
  switch (problem) {
    case 'no-address':
      return 'There is no e-mail address on this line.';
    case 'not-an-address':
      return 'This is not an e-mail address.';
    case 'bad-name':
      return 'The name is longer than 120 characters, or holds some that cannot be seen.';
    case 'too-long':
      return `This line is longer than ${figure(listLimits.line)} characters.`;
    case 'twice':
      return 'This address stands further up in the list.';
    case 'other-domain':
      return otherDomainSentence(school);
    case 'joined':
      return 'Has joined already.';
    case 'invited':
      return 'Was invited before. You can send that invitation again on this page.';
    case 'too-soon':
      return 'Was mailed within the last day. Invite them again tomorrow.';
    case 'no-seat':
      return 'There is no place left for this person.';
  }
}

/** Why a whole list is not taken. */
export function refusalSentence(refusal: InvitationRefusal): string {
  switch (refusal.refused) {
    case 'empty':
      return 'Paste addresses into the field, or choose a file.';
    case 'too-large':
      return 'This list is larger than 2 MB. Keep the columns with names and addresses only.';
    case 'workbook':
      return 'This is a workbook of a spreadsheet program. Save the sheet as “CSV UTF-8” and choose that file.';
    case 'not-text':
      return 'This file cannot be read as text. Save the sheet as “CSV UTF-8” and choose that file.';
    case 'open-quote':
      return 'A quotation mark in this file is opened and never closed. Save it anew as CSV.';
    case 'too-many-rows':
      return `This list has more than ${figure(listLimits.rows)} lines. Split it.`;
    case 'too-many-people':
      return `Invite at most ${listLimits.people} people at a time. This list has ${figure(refusal.count)}.`;
    case 'paused':
      return 'The membership of your school is paused, so nobody can be invited.';
    case 'ended':
      return 'The membership of your school has ended, so nobody can be invited.';
    case 'not-started':
      return 'The membership of your school has not begun, so nobody can be invited yet.';
  }
}
