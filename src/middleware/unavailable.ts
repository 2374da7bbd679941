import type { DatabaseTrouble } from '#db/unavailable.ts';

/** When to come again, in seconds: the header `Retry-After` of whatever cannot be answered just now. */
export const comeAgainSeconds = 10;

/** What people read where a page or a form needs the database and it cannot do its part. */
export const unavailableSentences: Readonly<Record<DatabaseTrouble, string>> = {
  away: 'We cannot reach our database at this moment. What you sent may not be saved. Please try again in a minute.',
  busy: 'Very much is being saved at this moment, and yours was not. Please try again in a minute.',
  full: 'We cannot save anything at this moment. What you sent was not saved. Please try again in a few minutes.',
};

/** A page of its own, for where none of ours can be drawn: it needs no database, no styles and no scripts. */
export const unavailablePage = (trouble: DatabaseTrouble): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Please try again in a minute</title>
<h1>Please try again in a minute</h1>
<p>${unavailableSentences[trouble]}</p>
<p>If you filled in a form, go back: your browser may still have what you typed.</p>
<p><a href="/">Home page</a></p>
</html>
`;

/** The answer to a request that the database could not do its part of. */
export const unavailable = (trouble: DatabaseTrouble): Response =>
  new Response(unavailablePage(trouble), {
    status: 503,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Retry-After': String(comeAgainSeconds),
    },
  });
