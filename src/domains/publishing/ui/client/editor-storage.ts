import { editorHeaders } from './editor-headers.ts';

/**
 * What stands between Keystatic and our storage, in each tab of its own. Keystatic’s local storage sends no more than files, so
 * this adds which version of them the tab was given (its tree comes once with the page, and again with each answer to a save, and
 * forms are only ever made from that tree), and what the editor says. A draft that Keystatic kept in the browser is given
 * back to it only where the entry is still the one that the draft began with; else the draft is kept on the server.
 */

export type EditorNews =
  | { is: 'saved' }
  | { is: 'refused'; words: string; keptId: string | undefined }
  | { is: 'draft-kept'; keptId: string };

export type EditorStorage = {
  /** The editor’s words for the next save. */
  note: string;
  listen: (listener: (news: EditorNews) => void) => void;
};

type TreeEntry = { path: string; sha: string };
type Draft = { beforeTreeKey?: string; files?: Map<string, Uint8Array> };
/** The files and folders that a draft’s key stands for, as paths of the tree; undefined for drafts of what is not there yet. */
type PlacesOf = (key: readonly string[]) => string[] | undefined;

const api = '/api/keystatic';
const jsonHeaders = { 'Content-Type': 'application/json', 'no-cors': '1' };

/** Reads the tree and puts itself between, before Keystatic starts. Throws an error with a sentence when the storage does not answer. */
export async function openEditorStorage(placesOf: PlacesOf): Promise<EditorStorage> {
  const send = window.fetch.bind(window);
  const listeners: ((news: EditorNews) => void)[] = [];
  const tell = (news: EditorNews) => {
    for (const listener of listeners) listener(news);
  };
  const storage: EditorStorage = { note: '', listen: (listener) => listeners.push(listener) };
  const shown = { version: '', shas: new Map<string, string>() };
  /** Drafts that began with another version of their entry and could not be kept: a save of them would hide a change. */
  const stale = new Set<string>();

  async function notice(answer: Response) {
    const entries = (await answer.clone().json()) as TreeEntry[];
    shown.version = answer.headers.get(editorHeaders.version) ?? '';
    shown.shas = new Map(entries.map(({ path, sha }) => [path, sha]));
  }

  const first = await send(`${api}/tree`, { headers: { 'no-cors': '1' } });
  if (!first.ok) throw new Error(await first.text());
  await notice(first);

  async function save(init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!stale.has(location.pathname)) headers.set(editorHeaders.version, shown.version);
    if (storage.note.trim()) headers.set(editorHeaders.note, encodeURIComponent(storage.note.trim()));
    const answer = await send(`${api}/update`, { ...init, headers }).catch(() => {
      throw new Error(
        'The site does not answer, so nothing was saved. What you wrote is still here: try again in a minute.',
      );
    });
    if (answer.ok) {
      await notice(answer);
      storage.note = '';
      tell({ is: 'saved' });
    } else {
      const words =
        (await answer.clone().text()) || `The site answered with ${answer.status}, and nothing was saved.`;
      tell({ is: 'refused', words, keptId: answer.headers.get(editorHeaders.kept) ?? undefined });
    }
    return answer;
  }

  window.fetch = (input, init) => {
    if (input === `${api}/tree`) return Promise.resolve(first.clone());
    if (input === `${api}/update` && init) return save(init);
    return send(input, init);
  };

  async function keepDraft(key: readonly string[], draft: Draft): Promise<boolean> {
    const additions = [...(draft.files ?? [])].map(([path, bytes]) => ({ path, contents: toBase64(bytes) }));
    const answer = await send(`${api}/keep`, {
      method: 'POST',
      headers: jsonHeaders,
      body: JSON.stringify({ additions, deletions: [] }),
    }).catch(() => undefined);
    if (!answer?.ok) {
      stale.add(location.pathname);
      return false;
    }
    const { id } = (await answer.json()) as { id?: string };
    if (id) tell({ is: 'draft-kept', keptId: id });
    return key.length > 0;
  }

  const isStale = (key: unknown, draft: Draft | undefined): key is string[] => {
    if (!draft?.beforeTreeKey || !Array.isArray(key) || !shown.version) return false;
    const places = placesOf(key as string[]);
    if (!places) return false;
    const now = places.flatMap((place) => shown.shas.get(place) ?? []);
    return draft.beforeTreeKey.split('-').filter(Boolean).join('-') !== now.join('-');
  };
  standBeforeDrafts(async (key, draft) => {
    if (!isStale(key, draft)) return draft;
    return (await keepDraft(key, draft!)) ? undefined : draft;
  });
  return storage;
}

/** Lets `pass` decide what Keystatic gets to see of a draft that it reads from the browser’s database. */
function standBeforeDrafts(pass: (key: unknown, draft: Draft | undefined) => Promise<Draft | undefined>) {
  const { get } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.get = function (this: IDBObjectStore, key: IDBValidKey | IDBKeyRange) {
    const request = get.call(this, key);
    if (this.transaction.db.name !== 'keystatic' || this.name !== 'items') return request;
    const answer = { result: undefined, error: null, onsuccess: null, onerror: null } as unknown as {
      result: unknown;
      error: unknown;
      onsuccess: ((event: Event) => void) | null;
      onerror: ((event: Event) => void) | null;
    };
    request.onsuccess = (event) => {
      void pass(key, request.result as Draft | undefined).then((draft) => {
        answer.result = draft;
        answer.onsuccess?.(event);
      });
    };
    request.onerror = (event) => {
      answer.error = request.error;
      answer.onerror?.(event);
    };
    return answer as unknown as IDBRequest;
  };
}

function toBase64(bytes: Uint8Array): string {
  let words = '';
  for (let at = 0; at < bytes.length; at += 8_192)
    words += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(words);
}
