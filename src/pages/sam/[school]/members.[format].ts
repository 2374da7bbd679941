import { downloadMembers } from '#src/actions/sam-exports.ts';

export const prerender = false;

export const POST = downloadMembers;
