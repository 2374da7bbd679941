import type { Viewer } from '../domains/accounts/model.ts';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import {
  fileInput,
  importInput,
  marksInput,
  nothingInput,
  type RowChoice,
  rowsInput,
  thresholdInput,
} from '../domains/attendance/desk-inputs.ts';
import { whoIsNamed } from '../domains/attendance/desk-people.ts';
import { refusalSentences } from '../domains/attendance/desk-words.ts';
import { type ImportView, importView } from '../domains/attendance/import-queries.ts';
import {
  confirmImport,
  type Decision,
  decideRows,
  shownFileName,
  undoImport,
  uploadMeetingFile,
} from '../domains/attendance/imports.ts';
import {
  type AttendanceRefusal,
  confirmSheet as confirm,
  markByHand,
  reopenSheet as reopen,
} from '../domains/attendance/marks.ts';
import { confirmWatched, openRecording as open } from '../domains/attendance/recordings.ts';
import { setThresholdMinutes } from '../domains/attendance/settings.ts';
import { hrefWith } from '../lib/paging.ts';
import {
  type Answer,
  type Call,
  goTo,
  notFound,
  refuse,
  refuseUntil,
  show,
  signedInForm,
  staffForm,
} from './define.ts';

/** The attendance desk, and recordings. Whose attendance somebody takes, each command asks. */

type ByViewer = Call<Viewer>;
const idOf = ({ params }: ByViewer) => params['id'] ?? '';
const sheetOf = (call: ByViewer) => `/live-sessions/${encodeURIComponent(idOf(call))}/attendance`;
const here = ({ url }: ByViewer, done: string) => goTo(hrefWith(url, { done }));

const refused = (refusal: AttendanceRefusal) =>
  refusal === 'unknown' ? notFound : refuse(refusalSentences[refusal], 409);

const files = { name: 'attendance-files', most: 100, inMs: 3_600_000 } as const satisfies Limit;

const uploadFile = signedInForm(fileInput, async (call, { file }) => {
  const until = await countAct(call.ctx, files, call.viewer.id);
  if (until) return refuseUntil('You have brought in very many files just now. Please wait an hour.', until);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const result = await uploadMeetingFile(call.ctx, call.viewer, idOf(call), { name: file.name, bytes });
  if (!('refused' in result))
    return goTo(`${sheetOf(call)}/import/${result.importId}${result.isKnown ? '?done=known' : ''}`);
  if (typeof result.refused !== 'object') return refused(result.refused);
  const sentences = result.refused.unreadable.map(({ line, sentence }) =>
    line === null || sentence.includes(`${line}`) ? sentence : `Line ${line}: ${sentence}`,
  );
  return refuse({
    file: `Nothing of “${shownFileName(file.name).slice(0, 100)}” was taken.`,
    ...Object.fromEntries(sentences.map((sentence, index) => [`form-${index + 2}`, sentence])),
  });
});

const saveMarks = signedInForm(marksInput, async (call, marks) => {
  const result = await markByHand(call.ctx, call.viewer, idOf(call), marks);
  if (!('refused' in result)) return onPage(call, result.changed > 0 ? 'marked' : 'same');
  if (result.refused === 'no-such-user')
    return refuse('Somebody on this page has been removed since you opened it. Reload the page.', 409);
  return refused(result.refused);
});

/** Back to the same page of the sheet: `hrefWith` would begin at the first. */
function onPage({ url }: ByViewer, done: string) {
  const params = new URLSearchParams(url.search);
  params.delete('add');
  params.set('done', done);
  return goTo(`${url.pathname}?${params}`);
}

const confirmSheet = signedInForm(nothingInput, async (call) => {
  const result = await confirm(call.ctx, call.viewer, idOf(call));
  return result === 'confirmed' ? here(call, 'confirmed') : refused(result.refused);
});

const reopenSheet = signedInForm(nothingInput, async (call) => {
  const result = await reopen(call.ctx, call.viewer, idOf(call));
  return result === 'opened' ? here(call, 'opened') : refused(result.refused);
});

/** From the list on the sheet. An import of another live session is undone only from its own. */
const undoFromSheet = signedInForm(importInput, (call, input) => undo(call, input.import, 'undone'));

async function undo(call: ByViewer, importId: string, done: string): Promise<Answer> {
  if (!(await viewOf(call, importId))) return notFound;
  const result = await undoImport(call.ctx, call.viewer, importId);
  return 'refused' in result ? refused(result.refused) : goTo(`${sheetOf(call)}?done=${done}`);
}

export const sheetForms = { uploadFile, saveMarks, confirmSheet, reopenSheet, undoFromSheet };

const decide = signedInForm(rowsInput, async (call, choices) => {
  const view = await viewOf(call, importIdOf(call));
  if (!view) return notFound;
  if (view.state !== 'waiting') return notWaiting;
  const result = await decideChoices(call, view, choices);
  return result === 'decided' ? goTo(`${call.url.pathname}?done=decided`) : result;
});

/** Decides what was chosen and lets the import count. Pressed twice, it counts once: what was chosen then stays. */
const confirmFile = signedInForm(rowsInput, async (call, choices) => {
  const view = await viewOf(call, importIdOf(call));
  if (!view) return notFound;
  const decided = view.state === 'waiting' ? await decideChoices(call, view, choices) : 'decided';
  if (decided !== 'decided') return decided;
  const result = await confirmImport(call.ctx, call.viewer, view.id);
  if (!('refused' in result)) return goTo(`${sheetOf(call)}?done=imported`);
  return result.refused === 'not-waiting' ? notWaiting : refused(result.refused);
});

const discardFile = signedInForm(nothingInput, (call) => undo(call, importIdOf(call), 'discarded'));

export const importForms = { decide, confirmFile, discardFile };

const importIdOf = ({ params }: ByViewer) => params['import'] ?? '';
const viewOf = ({ ctx, viewer, params }: ByViewer, importId: string): Promise<ImportView | undefined> =>
  importView(ctx.db.read, ctx.now, viewer, params['id'] ?? '', importId);

const notWaiting = refuse('Somebody has confirmed or discarded this file since you opened it.', 409);

async function decideChoices(call: ByViewer, view: ImportView, choices: readonly RowChoice[]) {
  if (choices.length === 0) return 'decided';
  const typed = choices.flatMap(({ choice }) => (hasText(choice) ? [choice.typed] : []));
  const named = await whoIsNamed(call.ctx.db.read, view, typed);
  const errors: Record<string, string> = {};
  const decisions: Decision[] = [];
  for (const { line, choice } of choices) {
    if (!hasText(choice)) {
      decisions.push({ line, is: choice });
      continue;
    }
    const who = named.shift();
    if (who && 'user' in who) decisions.push({ line, is: who });
    else
      errors[`name-${line}`] =
        who?.unclear === 'several'
          ? `Line ${line}: several people are called “${choice.typed}”. Choose one from the list, with the school, or enter the address.`
          : `Line ${line}: no member is called “${choice.typed}”. Choose from the list, or enter the address they sign in with.`;
  }
  if (Object.keys(errors).length > 0) return refuse(errors);
  const result = await decideRows(call.ctx, call.viewer, view.id, decisions);
  if (result === 'decided') return result;
  if (result.refused === 'not-waiting') return notWaiting;
  if (result.refused === 'no-such-row' || result.refused === 'no-such-user')
    return refuse('This file has changed since you opened it. Reload the page and try again.', 409);
  return refused(result.refused);
}

const hasText = (choice: RowChoice['choice']): choice is { typed: string } =>
  typeof choice === 'object' && 'typed' in choice;

/** Keeps that the viewer opened the recording, and shows the way there. */
export const openRecording = signedInForm(nothingInput, async (call) => {
  const result = await open(call.ctx, call.viewer, idOf(call));
  return 'refused' in result ? notFound : show(result.recordingUrl);
});

export const confirmRecording = signedInForm(nothingInput, async (call) => {
  const result = await confirmWatched(call.ctx, call.viewer, idOf(call));
  if (result === 'counted') return goTo(`${call.url.pathname}?done=watched#part-recording`);
  if (result.refused === 'unknown') return notFound;
  return refuse(
    'Open the recording from this page first, while you are signed in. Then it can be counted.',
    409,
  );
});

/** From the next file on. */
export const setThreshold = staffForm(thresholdInput, async (call, { minutes }) => {
  await setThresholdMinutes(call.ctx, call.viewer.id, minutes);
  return here(call, 'threshold');
});
