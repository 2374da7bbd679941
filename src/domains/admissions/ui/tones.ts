import type { ApplicationState, EnquiryState } from '../model.ts';

/** How a state is coloured: `wait` is for staff to do something, `quiet` is over. */
type Tone = 'good' | 'wait' | 'bad' | 'quiet' | undefined;

export const applicationTones: Readonly<Record<ApplicationState, Tone>> = {
  received: 'wait',
  accepted: undefined,
  paid: undefined,
  joined: 'good',
  declined: 'quiet',
  withdrawn: 'quiet',
};

export const enquiryTones: Readonly<Record<EnquiryState, Tone>> = {
  new: 'wait',
  'in-progress': undefined,
  answered: 'good',
  closed: 'quiet',
};
