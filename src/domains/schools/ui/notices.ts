/** What the pages of a school say after an act, by `?done=`. */
export const notices: Readonly<Record<string, string>> = {
  created: 'The school is there, and both onboarding mails are on their way to each SAM.',
  saved: 'The school is saved.',
  paused: 'The membership is paused. Nobody new can join; people who have joined stay.',
  resumed: 'The membership goes on. People can join again.',
  renewed: 'The membership is renewed. Nobody has to activate again.',
  'link-made': 'There is a new activation link. It works at once.',
  'link-revoked': 'The activation link is taken away. Nobody can join through it.',
  'sam-offered': 'They were asked. A mail with their own set-up link is on its way.',
  'sam-granted': 'They are a member of the school, so they are its SAM from now on. A mail tells them.',
  'sam-sent': 'The mail went out again, with a new set-up link. The old one does not work any more.',
  'sam-just-sent': 'A mail went out less than a minute ago. Give it a little time to arrive.',
  'sam-not-pending': 'This has changed meanwhile. Here is how it stands.',
  'sam-withdrawn': 'They are not asked any more, and their set-up link does not work any more.',
  'sam-removed': 'They are not a SAM of this school any more. They stay a member.',
  'member-removed': 'They are taken out of the school. Their sign-in stays, and a mail tells them.',
  'not-member': 'They are not a member of this school any more.',
};
