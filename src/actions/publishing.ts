import type { Viewer } from '../domains/accounts/model.ts';
import { recordAuditEvent } from '../domains/audit/record.ts';
import { applyKept, dropKept } from '../domains/content/kept.ts';
import { isContentRepository } from '../domains/content/repository.ts';
import { restoreVersion } from '../domains/content/saves.ts';
import { startOf } from '../domains/live-sessions/zoned-time.ts';
import { nothingInput, plannedInput, restoreInput } from '../domains/publishing/inputs.ts';
import {
  changePlannedChange,
  dropPlannedChange,
  findPlannedChange,
  isWaiting,
  openPlannedChange,
  plannedCookie,
  plannedCookieName,
  publishPlannedChange,
  publishPlannedChangeOverOthers,
} from '../domains/publishing/planned.ts';
import { plannedSentence, skippedSentence } from '../domains/publishing/publishing-words.ts';
import { type Asked, askPublisher } from '../domains/publishing/requests.ts';
import { env } from '../platform/env.ts';
import { type Call, editorForm, goTo, notFound, refuse } from './define.ts';

/** Forms of the screens of publishing, for editors and staff. */

const home = '/staff/publishing';
const folders = { dataDir: env.dataDir, contentDir: env.contentDir };
const authorOf = ({ name, email }: Viewer) => ({ name, email });

type EditorCall = Call<Viewer>;

async function ask({ ctx, viewer }: EditorCall, asked: Asked, done: string) {
  const answer = await askPublisher({ dataDir: env.dataDir, now: ctx.now }, viewer, asked);
  return answer === 'no-such-release'
    ? refuse('This release is not kept any more. Choose another from the list.', 409)
    : goTo(`${home}?done=${done}`);
}

export const publishNow = editorForm(nothingInput, (call) => ask(call, { ask: 'publish-now' }, 'publishing'));
export const retryRelease = editorForm(nothingInput, (call) => ask(call, { ask: 'retry' }, 'retrying'));
export const makeLive = editorForm(nothingInput, (call) =>
  ask(call, { ask: 'roll-back', release: call.params['release'] ?? '' }, 'going-back'),
);

/** Tells the audit log what an editor did to something of publishing. */
const audited = ({ ctx, viewer }: EditorCall, action: `${string}.${string}`, type: string, id: string) =>
  ctx.db.write((tx) =>
    recordAuditEvent(tx, { at: ctx.now, actorId: viewer.id, action, subjectType: type, subjectId: id }),
  );

export const restoreEntry = editorForm(restoreInput, async (call, { path }) => {
  const { ctx, viewer, params } = call;
  const commit = params['commit'] ?? '';
  const version = { path, commit, author: authorOf(viewer), now: ctx.now };
  const restored = await restoreVersion(env.contentDir, version);
  if (restored === 'no-such-version') return notFound;
  if ('problems' in restored)
    return refuse(
      `This version cannot be published as it is: ${restored.problems[0]?.message ?? 'the check of the content refuses it.'} Edit the entry instead.`,
    );
  if (!restored.isNew) return refuse('The entry is like this version already.', 409);
  await audited(call, 'content.restored', 'content', path);
  return goTo(`${home}?done=restored`);
});

export const applyKeptVersion = editorForm(nothingInput, async (call) => {
  const { ctx, viewer, params } = call;
  const id = params['id'] ?? '';
  const applied = await applyKept(env.contentDir, id, { author: authorOf(viewer), now: ctx.now });
  if (applied === 'no-such-version') return refuse(keptIsGone, 409);
  await audited(call, 'kept-version.applied', 'kept-version', id);
  return goTo(`${home}?done=applied`);
});

export const dropKeptVersion = editorForm(nothingInput, async (call) => {
  const id = call.params['id'] ?? '';
  if ((await dropKept(env.contentDir, id)) === 'no-such-version') return refuse(keptIsGone, 409);
  await audited(call, 'kept-version.dropped', 'kept-version', id);
  return goTo(`${home}?done=dropped`);
});

const keptIsGone = 'Somebody else has decided about this version meanwhile.';

const planned = `${home}/planned`;
const onChange = ({ params }: EditorCall, done: string) =>
  goTo(`${planned}/${params['id'] ?? ''}?done=${done}`);
const changeIsOver = 'This change waits no more: somebody has published or dropped it meanwhile.';

/** The instant that day and hour mean there: null without a day, or why there is none. */
function plannedAt({ day, clock, timeZone }: { day: string; clock: string; timeZone: string }) {
  if (!day) return { at: null };
  const start = startOf(`${day}T${clock}`, timeZone);
  if (!start) return { refused: { day: 'There is no such day or hour in this time zone.' } };
  if ('skipped' in start) return { refused: { clock: skippedSentence(clock, day, start.skipped) } };
  return { at: start.startsAt };
}

export const openChange = editorForm(plannedInput, async (call, input) => {
  if (!(await isContentRepository(env.contentDir))) return refuse(plannedSentence('no-history'), 409);
  const when = plannedAt(input);
  if ('refused' in when) return refuse(when.refused);
  const { title, timeZone } = input;
  const opened = await openPlannedChange(folders, call.ctx.now, call.viewer, { title, timeZone, ...when });
  if ('refused' in opened)
    return refuse(opened.refused === 'past' ? { day: plannedSentence('past') } : plannedSentence('full'));
  await audited(call, 'planned-change.opened', 'planned-change', opened.id);
  return goTo(`${planned}/${opened.id}?done=opened`);
});

const changeChange = editorForm(plannedInput, async (call, input) => {
  const when = plannedAt(input);
  if ('refused' in when) return refuse(when.refused);
  const { title, timeZone } = input;
  const id = call.params['id'] ?? '';
  const changed = await changePlannedChange(env.dataDir, call.ctx.now, id, { title, timeZone, ...when });
  if (changed === 'unknown') return refuse(changeIsOver, 409);
  return changed === 'past' ? refuse({ day: plannedSentence('past') }) : onChange(call, 'changed');
});

/** Lets the editor’s saves go to this change, and opens the CMS. */
const editChange = editorForm(nothingInput, async ({ params }) => {
  const change = await findPlannedChange(env.dataDir, params['id'] ?? '');
  if (!change || !isWaiting(change)) return refuse(changeIsOver, 409);
  return goTo('/keystatic', [plannedCookie(change.id)]);
});

/** The editor’s saves go to the site again. */
export const stopEditing = editorForm(nothingInput, async ({ url }) =>
  goTo(`${url.pathname}?done=stopped`, [plannedCookie('')]),
);

const publishBy = (publish: typeof publishPlannedChangeOverOthers) =>
  editorForm(nothingInput, async (call) => {
    const id = call.params['id'] ?? '';
    const outcome = await publish(folders, call.ctx.now, id, call.viewer);
    if (outcome === 'unknown') return refuse(changeIsOver, 409);
    if (outcome === 'conflict') return onChange(call, 'conflict');
    await audited(call, 'planned-change.published', 'planned-change', id);
    return goTo(`${home}?done=${outcome === 'nothing' ? 'nothing' : 'merged'}`, withoutCookieOf(call, id));
  });

const publishChange = publishBy(publishPlannedChange);
const publishChangeOverOthers = publishBy(publishPlannedChangeOverOthers);

const dropChange = editorForm(nothingInput, async (call) => {
  const id = call.params['id'] ?? '';
  if ((await dropPlannedChange(folders, id)) === 'unknown') return refuse(changeIsOver, 409);
  await audited(call, 'planned-change.dropped', 'planned-change', id);
  return goTo(`${planned}?done=dropped`, withoutCookieOf(call, id));
});

/** What can be done with a planned change on its page. */
export const plannedForms = {
  changeChange,
  editChange,
  stopEditing,
  publishChange,
  publishChangeOverOthers,
  dropChange,
};

/** Takes the cookie away where it names the change that is over. */
const withoutCookieOf = ({ cookie }: EditorCall, id: string) =>
  cookie(plannedCookieName) === id ? [plannedCookie('')] : undefined;
