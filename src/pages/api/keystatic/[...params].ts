import type { APIContext, APIRoute } from 'astro';
import type { z } from 'astro/zod';
import { recordAuditEvent } from '#src/domains/audit/record.ts';
import { type CmsSaved, formVersion, keepFromCms, saveFromCms } from '#src/domains/content/cms-saves.ts';
import {
  committedBlob,
  committedTree,
  contentBlob,
  contentTree,
  inRepository,
  saveContent,
  saveInput,
} from '#src/domains/content/files.ts';
import { ContentTrouble } from '#src/domains/content/git.ts';
import { plannedBranch } from '#src/domains/content/planned-branches.ts';
import { headOf, isContentRepository } from '#src/domains/content/repository.ts';
import { plannedChangeOfCookie, plannedCookieName } from '#src/domains/publishing/planned.ts';
import { editorHeaders } from '#src/domains/publishing/ui/client/editor-headers.ts';
import { env } from '#src/platform/env.ts';
import { log } from '#src/platform/log.ts';

export const prerender = false;

const { contentDir } = env;

const notFound = () => new Response('Not found', { status: 404 });
const say = (status: number, words: string, headers: Record<string, string> = {}) =>
  new Response(words, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers } });

export const GET: APIRoute = (context) =>
  orTrouble(async () => {
    const { params, request } = context;
    if (request.headers.get('no-cors') !== '1') return notFound(); // a header that a page elsewhere cannot send
    const [what, sha = '', ...file] = (params['params'] ?? '').split('/');
    if (what === 'tree' && !sha) return tree(await branchOf(context));
    if (what !== 'blob') return notFound();
    const read = (await isContentRepository(contentDir)) ? committedBlob : contentBlob;
    const blob = await read(contentDir, sha, file.join('/'));
    if (!blob) return notFound();
    return new Response(new Uint8Array(blob), { headers: { 'Content-Type': 'application/octet-stream' } });
  });

export const POST: APIRoute = (context) =>
  orTrouble(async () => {
    const { params, request } = context;
    const asked = params['params'];
    if (request.headers.get('no-cors') !== '1' || (asked !== 'update' && asked !== 'keep')) return notFound();
    const input = saveInput.safeParse(await request.json().catch(() => undefined));
    if (!input.success) return say(400, 'This is not a change the editor can save. Nothing was saved.');
    const hasHistory = await isContentRepository(contentDir);
    if (asked === 'keep') return hasHistory ? keep(context, input.data) : notFound();
    if (hasHistory) return save(context, input.data);
    await saveContent(contentDir, input.data); // in development: files, and nothing else
    return tree('main');
  });

type Input = z.output<typeof saveInput>;

async function save(context: APIContext, input: Input): Promise<Response> {
  const { headers } = context.request;
  const branch = await branchOf(context);
  const version = headers.get(editorHeaders.version) ?? undefined;
  const note = decoded(headers.get(editorHeaders.note));
  const saved = await saveFromCms(
    contentDir,
    { ...filesOf(input), version, note },
    { ...by(context), branch },
  );
  await audit(context, saved, branch);
  return answerTo(saved, branch);
}

/** A draft from an editor’s browser that began with an earlier version: kept beside the content, where it can be looked at. */
async function keep(context: APIContext, input: Input): Promise<Response> {
  const kept = await keepFromCms(contentDir, filesOf(input), by(context));
  return 'refused' in kept ? say(422, kept.refused) : Response.json({ id: kept.id });
}

const filesOf = ({ additions, deletions }: Input) => ({
  additions: additions.map(({ path, contents }) => ({
    path: inRepository(path),
    bytes: Buffer.from(contents, 'base64'),
  })),
  deletions: deletions.map(({ path }) => inRepository(path)),
});

/** In development nobody has to sign in. */
function by({ locals: { viewer, now } }: APIContext) {
  const { name, email } = viewer ?? { name: 'Somebody at this machine', email: 'development@localhost' };
  return { author: { name, email }, now };
}

/** The branch that this editor writes on: that of the planned change which they have open, or `main`. */
async function branchOf({ cookies }: APIContext): Promise<string> {
  const change = await plannedChangeOfCookie(env.dataDir, cookies.get(plannedCookieName)?.value);
  return change ? plannedBranch(change.id) : 'main';
}

async function tree(branch: string): Promise<Response> {
  if (!(await isContentRepository(contentDir))) return Response.json(await contentTree(contentDir));
  const commit = await headOf(contentDir, branch);
  if (!commit) return notFound();
  return Response.json(await committedTree(contentDir, commit), {
    headers: { [editorHeaders.version]: formVersion(branch, commit) },
  });
}

function answerTo(saved: CmsSaved, branch: string): Promise<Response> | Response {
  if ('saved' in saved) return tree(branch);
  if ('refused' in saved) return say(422, saved.refused);
  if ('outdated' in saved)
    return say(
      409,
      'This page of the editor is out of date: you have opened or left a planned change since, or the history of the content is another. Nothing was saved. Copy what you wrote, reload the page, and make your change again.',
    );
  const { id, message } = saved.conflict;
  return say(
    409,
    `Not saved: somebody else has changed this entry since you opened it. Their version stays on the site, and yours is kept (“${message}”). Look at both under Publishing, and take yours or drop it.`,
    { [editorHeaders.kept]: id },
  );
}

function decoded(words: string | null): string | undefined {
  try {
    return words ? decodeURIComponent(words).slice(0, 500) : undefined;
  } catch {
    return undefined;
  }
}

/** The save stands whether or not the database is there to write it down. */
async function audit({ locals }: APIContext, saved: CmsSaved, branch: string) {
  const { db, viewer, now } = locals;
  const commit =
    'saved' in saved && saved.isNew ? saved.saved : 'conflict' in saved ? saved.conflict.commit : undefined;
  if (!db || !viewer || !commit) return;
  const action = 'saved' in saved ? 'content.saved' : 'content.save-refused';
  await db
    .write((tx) =>
      recordAuditEvent(tx, {
        at: now,
        actorId: viewer.id,
        action,
        subjectType: 'commit',
        subjectId: commit,
        detail: { branch },
      }),
    )
    .catch((error: unknown) => log.error({ err: error, commit }, 'content.save-not-audited'));
}

/** What the machine cannot do now is a sentence that the editor shows beside what was written. */
async function orTrouble(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ContentTrouble)) throw error;
    log.error({ err: error, reason: error.reason }, 'content.trouble');
    return say(
      503,
      `${error.message} What you wrote is still here: keep this page open, and tell whoever runs the site.`,
      {
        'Retry-After': '10',
      },
    );
  }
}
