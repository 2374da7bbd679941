import type { APIContext } from 'astro';
import { downloadRecord } from '#src/actions/records.ts';
import { periodChoices } from '#src/domains/attendance/periods.ts';
import { seasonFacts } from '#src/domains/live-sessions/ui/read.ts';

export const prerender = false;

export const POST = async (context: APIContext) =>
  downloadRecord(context, periodChoices(await seasonFacts(), context.locals.now));
