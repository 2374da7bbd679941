import { z } from 'astro/zod';
import { checkbox } from '../../lib/inputs.ts';
import { longestQuietHours, quietClocks, quietLength, type ReminderSettings } from './reminder-rules.ts';

const clock = z.enum(quietClocks, { error: 'Choose an hour from the list.' });

export const remindersInput = z
  .strictObject({
    invitationWeek: checkbox,
    invitationDay: checkbox,
    invitationHour: checkbox,
    reminderWeek: checkbox,
    reminderDay: checkbox,
    reminderHour: checkbox,
    /** Whether there are quiet hours; their clocks are sent in any case. */
    quiet: checkbox,
    quietFrom: clock,
    quietUntil: clock,
  })
  .refine((input) => !input.quiet || input.quietFrom !== input.quietUntil, {
    path: ['quietUntil'],
    error: 'Choose another hour than the one at which they begin.',
  })
  .refine((input) => !input.quiet || quietLength(quietOf(input)) <= longestQuietHours, {
    path: ['quietUntil'],
    error: `Quiet hours last ${longestQuietHours} hours at most.`,
  });

/** Ticked boxes and clocks as the command takes them. */
export function settingsFrom(input: z.output<typeof remindersInput>): ReminderSettings {
  return {
    wanted: {
      invitation: { week: input.invitationWeek, day: input.invitationDay, hour: input.invitationHour },
      reminder: { week: input.reminderWeek, day: input.reminderDay, hour: input.reminderHour },
    },
    quiet: input.quiet ? quietOf(input) : null,
  };
}

const quietOf = (input: { quietFrom: string; quietUntil: string }) => ({
  from: input.quietFrom,
  until: input.quietUntil,
});
