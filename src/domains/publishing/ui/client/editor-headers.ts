/** What the editor’s page and its storage tell each other beside what Keystatic does. */
export const editorHeaders = {
  /** Branch and commit of what was read; sent back with a save. */
  version: 'content-version',
  /** What the editor says about a change, percent-encoded. */
  note: 'content-note',
  /** Id of the version that was kept because the save was refused. */
  kept: 'content-kept',
} as const;
