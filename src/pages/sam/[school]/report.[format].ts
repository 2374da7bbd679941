import type { APIContext } from 'astro';
import { downloadReport } from '#src/actions/sam-exports.ts';
import { seasonFacts } from '#src/domains/live-sessions/ui/read.ts';

export const prerender = false;

export const POST = async (context: APIContext) => downloadReport(context, await seasonFacts());
