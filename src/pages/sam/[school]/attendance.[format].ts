import type { APIContext } from 'astro';
import { downloadAttendance } from '#src/actions/sam-exports.ts';
import { seasonFacts } from '#src/domains/live-sessions/ui/read.ts';

export const prerender = false;

export const POST = async (context: APIContext) => downloadAttendance(context, await seasonFacts());
