import { remindersInput, settingsFrom } from '../domains/live-sessions/reminder-inputs.ts';
import { saveReminders } from '../domains/live-sessions/reminder-settings.ts';
import { goTo, signedInForm } from './define.ts';

export const chooseReminders = signedInForm(remindersInput, async ({ ctx, viewer }, input) => {
  await saveReminders(ctx, viewer, settingsFrom(input));
  return goTo('/me/calendar/reminders?done=saved');
});
