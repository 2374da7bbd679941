import { useEffect, useState } from 'react';
import type { EditorNews, EditorStorage } from './editor-storage.ts';

export type EditorBarProps = {
  storage: EditorStorage | undefined;
  /** The planned change that saves go to; none while they go to the site. */
  planned?: { id: string; title: string } | undefined;
};

type TimedNews = EditorNews & { at: Date };

/** Above Keystatic: where saves go, the editor’s words for them, and what became of the last one. */
export function EditorBar({ storage, planned }: EditorBarProps) {
  const [news, setNews] = useState<TimedNews>();
  const [note, setNote] = useState('');
  useEffect(() => {
    storage?.listen((latest) => {
      setNews({ ...latest, at: new Date() });
      if (latest.is === 'saved') setNote('');
    });
  }, [storage]);
  return (
    <section className={planned ? 'editor-bar is-planned' : 'editor-bar'} aria-label="Saving">
      <p className="editor-bar-place">
        {planned ? (
          <>
            Your saves go to the planned change{' '}
            <a href={`/staff/publishing/planned/${planned.id}`}>{planned.title}</a>, not to the site.
          </>
        ) : (
          <>
            Your saves go to the site. <a href="/staff/publishing">Publishing</a>
          </>
        )}
      </p>
      {planned && (
        <form method="post" action="/staff/publishing/planned">
          <input type="hidden" name="form" value="stopEditing" />
          <button type="submit">Stop editing it</button>
        </form>
      )}
      <label>
        What you change, in a few words{' '}
        <input
          type="text"
          maxLength={300}
          value={note}
          placeholder="optional"
          onChange={({ currentTarget }) => {
            setNote(currentTarget.value);
            if (storage) storage.note = currentTarget.value;
          }}
        />
      </label>
      <News news={news} isPlanned={Boolean(planned)} />
    </section>
  );
}

function News({ news, isPlanned }: { news: TimedNews | undefined; isPlanned: boolean }) {
  if (news?.is === 'refused')
    return (
      <p className="editor-bar-problem" role="alert">
        {news.words}{' '}
        {news.keptId && <a href={`/staff/publishing/kept/${news.keptId}`}>Look at both versions</a>}
      </p>
    );
  if (news?.is === 'draft-kept')
    return (
      <p className="editor-bar-problem" role="alert">
        Somebody has changed this entry since you began to write here, so your unsaved draft is not shown. It
        is kept: <a href={`/staff/publishing/kept/${news.keptId}`}>look at both versions</a>.
      </p>
    );
  return (
    <p role="status">
      {news && `Saved at ${news.at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}.`}
      {news && !isPlanned && (
        <>
          {' '}
          It is on its way to the site: <a href="/staff/publishing">see how far</a>.
        </>
      )}
    </p>
  );
}
