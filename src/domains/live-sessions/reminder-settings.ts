import { eq } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { reminderSettings } from '#db/schema/live-sessions.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { defaultReminders, type ReminderSettings } from './reminder-rules.ts';

/** Which mails about live sessions the user wants: what they chose, or what holds for all. 1 query. */
export async function remindersOf(read: Reads, userId: Id<'usr'>): Promise<ReminderSettings> {
  const [row] = await read
    .select(reminderColumns)
    .from(reminderSettings)
    .where(eq(reminderSettings.userId, userId));
  return remindersFrom(row ?? null);
}

/** Keeps what the viewer chose, for every mail that is due from now on. */
export async function saveReminders(
  { db, now }: Ctx,
  viewer: { id: Id<'usr'> },
  { wanted: { invitation, reminder }, quiet }: ReminderSettings,
): Promise<void> {
  const values = {
    invitationWeek: invitation.week,
    invitationDay: invitation.day,
    invitationHour: invitation.hour,
    reminderWeek: reminder.week,
    reminderDay: reminder.day,
    reminderHour: reminder.hour,
    quietFrom: quiet?.from ?? null,
    quietUntil: quiet?.until ?? null,
    updatedAt: now,
  };
  await db.write((tx) =>
    tx
      .insert(reminderSettings)
      .values({ userId: viewer.id, ...values })
      .onConflictDoUpdate({ target: reminderSettings.userId, set: values }),
  );
}

/** What `remindersFrom` reads. */
export const reminderColumns = {
  invitationWeek: reminderSettings.invitationWeek,
  invitationDay: reminderSettings.invitationDay,
  invitationHour: reminderSettings.invitationHour,
  reminderWeek: reminderSettings.reminderWeek,
  reminderDay: reminderSettings.reminderDay,
  reminderHour: reminderSettings.reminderHour,
  quietFrom: reminderSettings.quietFrom,
  quietUntil: reminderSettings.quietUntil,
};

type Row = Pick<typeof reminderSettings.$inferSelect, keyof typeof reminderColumns>;

/** The settings of a row of `reminderColumns`; what holds for all where there is none. */
export function remindersFrom(row: Row | null): ReminderSettings {
  if (!row) return defaultReminders;
  const { quietFrom: from, quietUntil: until } = row;
  return {
    wanted: {
      invitation: { week: row.invitationWeek, day: row.invitationDay, hour: row.invitationHour },
      reminder: { week: row.reminderWeek, day: row.reminderDay, hour: row.reminderHour },
    },
    quiet: from === null || until === null ? null : { from, until },
  };
}
