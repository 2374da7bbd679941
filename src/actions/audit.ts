import { nothingInput } from '../domains/accounts/people-inputs.ts';
import { verifyAuditChain } from '../domains/audit/verify.ts';
import { show, staffForm } from './define.ts';

export const checkAuditLog = staffForm(nothingInput, async ({ ctx }) => show(await verifyAuditChain(ctx.db)));
