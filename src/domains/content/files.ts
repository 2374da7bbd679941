import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, realpath, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'astro/zod';
import { collectionNames, collectionOf, singletons } from '../../collections/registry.ts';
import { git, gitAnswer } from './git.ts';
import { treeAt } from './repository.ts';
import { uploadKinds } from './uploads.ts';

/** An entry of Git’s tree format, as Keystatic’s interface expects it. Paths start with `content/`. */
export type TreeEntry = { path: string; mode: '100644' | '040000'; type: 'blob' | 'tree'; sha: string };

const root = 'content/';
const uploads = uploadKinds.join('|');
const slug = '[a-z0-9]+(?:-[a-z0-9]+)*';

/** Exactly the paths that the collections use; anything else is refused, so that no save can reach code or settings. */
const editable: RegExp[] = [
  ...Object.values(singletons).map((single) => new RegExp(`^${single.path}\\.yaml$`)),
  ...collectionNames.flatMap((name) => {
    const { folders, shape } = collectionOf(name);
    return folders.map((folder) => {
      if (shape === 'folder')
        return new RegExp(`^${folder.path}/${slug}/(?:index\\.yaml|[\\w-][\\w.-]*\\.(?:${uploads}))$`, 'i');
      return new RegExp(`^${folder.path}/${slug}\\.${shape === 'body' ? 'mdoc' : 'yaml'}$`);
    });
  }),
];

/** Whether the CMS may read or write this path, written as in the repository: `content/people/mei.yaml`. */
export function isEditablePath(filePath: string): boolean {
  if (
    !filePath.startsWith(root) ||
    Buffer.byteLength(filePath) > 200 ||
    filePath !== filePath.normalize('NFC')
  )
    return false;
  const inner = filePath.slice(root.length);
  return editable.some((pattern) => pattern.test(inner));
}

/** All files that the CMS may show, with the folders they are in, as Git would hash them. */
export async function contentTree(contentDir: string): Promise<TreeEntry[]> {
  const found = await treeOf(contentDir, 'content');
  return found ? [{ path: 'content', mode: '040000', type: 'tree', sha: found.sha }, ...found.entries] : [];
}

type Tree = { sha: string; entries: TreeEntry[] };

async function treeOf(folder: string, folderPath: string): Promise<Tree | undefined> {
  const items = await readdir(folder, { withFileTypes: true });
  const children = await Promise.all(
    items.map(async (item) => {
      const itemPath = `${folderPath}/${item.name}`;
      const onDisk = path.join(folder, item.name);
      if (item.isDirectory()) {
        const tree = await treeOf(onDisk, itemPath);
        return (
          tree && {
            name: item.name,
            entry: { path: itemPath, mode: '040000', type: 'tree', sha: tree.sha } as const,
            below: tree.entries,
          }
        );
      }
      if (!item.isFile() || !isEditablePath(itemPath)) return undefined;
      const sha = objectSha('blob', await readFile(onDisk));
      return {
        name: item.name,
        entry: { path: itemPath, mode: '100644', type: 'blob', sha } as const,
        below: [],
      };
    }),
  );
  const present = children.filter((child) => child !== undefined);
  if (present.length === 0) return undefined;
  const sortName = (child: (typeof present)[number]) =>
    child.entry.type === 'tree' ? `${child.name}/` : child.name;
  present.sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1));
  const body = Buffer.concat(
    present.flatMap(({ name, entry }) => [
      Buffer.from(`${entry.mode.replace(/^0/, '')} ${name}\0`),
      Buffer.from(entry.sha, 'hex'),
    ]),
  );
  return { sha: objectSha('tree', body), entries: present.flatMap(({ entry, below }) => [entry, ...below]) };
}

/** Git’s object id: SHA-1 over the kind, the length and the bytes. */
function objectSha(kind: 'blob' | 'tree', bytes: Buffer): string {
  return createHash('sha1').update(`${kind} ${bytes.length}\0`).update(bytes).digest('hex');
}

/** A file’s bytes; undefined when it is not there, not for the CMS, or no longer the version that `sha` names. */
export async function contentBlob(
  contentDir: string,
  sha: string,
  filePath: string,
): Promise<Buffer | undefined> {
  if (!isEditablePath(filePath)) return undefined;
  const bytes = await readFile(path.join(contentDir, filePath.slice(root.length))).catch(() => undefined);
  return bytes && objectSha('blob', bytes) === sha ? bytes : undefined;
}

/** All files of a commit that the CMS may show, with their folders. Throws ContentTrouble. */
export async function committedTree(contentDir: string, commit: string): Promise<TreeEntry[]> {
  const files = (await treeAt(contentDir, commit)).filter(
    ({ path, mode }) => mode.startsWith('100') && isEditablePath(root + path),
  );
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  const output = await git(contentDir, ['ls-tree', '-r', '-d', '-z', '--full-tree', commit]);
  const trees = output
    .toString()
    .split('\0')
    .flatMap((line): TreeEntry[] => {
      const [, sha = '', folder = ''] = /^\d+ tree (\w+)\t([\s\S]+)$/.exec(line) ?? [];
      return folders.has(folder) ? [{ path: root + folder, mode: '040000', type: 'tree', sha }] : [];
    });
  const whole = (await git(contentDir, ['rev-parse', `${commit}^{tree}`])).toString().trim();
  return [
    { path: 'content', mode: '040000', type: 'tree', sha: whole },
    ...trees,
    ...files.map(({ path, sha }): TreeEntry => ({ path: root + path, mode: '100644', type: 'blob', sha })),
  ];
}

const foldersOf = (file: string) =>
  file
    .split('/')
    .slice(0, -1)
    .map((_part, place, parts) => parts.slice(0, place + 1).join('/'));

/** A file in the version that `sha` names, of whichever commit; undefined when it is not for the CMS, or there is none. */
export async function committedBlob(
  contentDir: string,
  sha: string,
  filePath: string,
): Promise<Buffer | undefined> {
  if (!isEditablePath(filePath) || !/^[0-9a-f]{40}$/.test(sha)) return undefined;
  const { code, output } = await gitAnswer(contentDir, ['cat-file', 'blob', sha], { answers: [0, 1, 128] });
  return code === 0 ? output : undefined;
}

/** A path as the CMS writes it, as the repository of the content has it. */
export const inRepository = (filePath: string) => filePath.slice(root.length);

/** What Keystatic sends to save: files to write, in base64 of either alphabet, and files to remove. */
export const saveInput = z.strictObject({
  additions: z
    .array(
      z.strictObject({ path: z.string().refine(isEditablePath), contents: z.string().regex(/^[\w+/=-]*$/) }),
    )
    .max(50),
  deletions: z.array(z.strictObject({ path: z.string().refine(isEditablePath) })).max(50),
});

/**
 * Writes and removes files. Everything is on disk beside its place before the first file changes, and each file
 * changes at once, so a reader sees a file as it was or as it is. Throws when a folder leads out of the content.
 */
export async function saveContent(
  contentDir: string,
  { additions, deletions }: z.output<typeof saveInput>,
): Promise<void> {
  const staged: { from: string; to: string }[] = [];
  try {
    for (const addition of additions) {
      const to = path.join(contentDir, addition.path.slice(root.length));
      await refuseOutside(contentDir, path.dirname(to));
      await mkdir(path.dirname(to), { recursive: true });
      const from = path.join(path.dirname(to), `.${randomUUID()}.tmp`);
      staged.push({ from, to });
      await writeDurably(from, Buffer.from(addition.contents, 'base64'));
    }
    for (const { from, to } of staged) await rename(from, to);
  } finally {
    await Promise.all(staged.map(({ from }) => rm(from, { force: true })));
  }
  for (const deletion of deletions) {
    const gone = path.join(contentDir, deletion.path.slice(root.length));
    await refuseOutside(contentDir, path.dirname(gone));
    await rm(gone, { force: true });
    await rmdir(path.dirname(gone)).catch(() => undefined); // a folder that still holds something stays
  }
}

/** Refuses a folder that leads out of the content through a link, also where its last parts are still to be made. */
async function refuseOutside(contentDir: string, folder: string) {
  const inside = await realpath(contentDir);
  let existing = folder;
  let real = await realpath(existing).catch(() => undefined);
  while (real === undefined && existing !== contentDir) {
    existing = path.dirname(existing);
    real = await realpath(existing).catch(() => undefined);
  }
  if (real !== inside && !real?.startsWith(inside + path.sep))
    throw new Error(`A link in the content leads to ${real}, outside of it.`);
}

async function writeDurably(file: string, bytes: Buffer) {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
