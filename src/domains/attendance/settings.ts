import { eq } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { attendanceSettings } from '#db/schema/attendance.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { defaultThresholdMinutes } from './model.ts';

/** Minutes in the meeting from which somebody attended live. 1 query. */
export async function thresholdMinutes(read: Reads): Promise<number> {
  const [row] = await read
    .select({ minutes: attendanceSettings.thresholdMinutes })
    .from(attendanceSettings)
    .where(eq(attendanceSettings.id, 1));
  return row?.minutes ?? defaultThresholdMinutes;
}

/** Sets them, from 1 to 480, for files that are uploaded from now on. Audited. The caller has checked that it is staff. */
export function setThresholdMinutes({ db, now }: Ctx, actorId: Id<'usr'>, minutes: number): Promise<void> {
  const values = { thresholdMinutes: minutes, updatedAt: now, updatedById: actorId };
  return db.write(async (tx) => {
    await tx
      .insert(attendanceSettings)
      .values({ id: 1, ...values })
      .onConflictDoUpdate({ target: attendanceSettings.id, set: values });
    await recordAuditEvent(tx, {
      at: now,
      actorId,
      action: 'attendance.threshold-set',
      subjectType: 'settings',
      subjectId: 'attendance',
      detail: { minutes },
    });
  });
}
