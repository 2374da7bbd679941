import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

/** Tells a member of the school that they are its SAM from now on. */
export function youAreSam({
  name,
  school,
}: {
  name: string;
  school: { id: string; name: string };
}): MailContent {
  return {
    subject: `You are a SAM of ${school.name}`,
    preview: 'Your SAM dashboard is open. You sign in as before.',
    blocks: [
      { heading: `You are a SAM of ${school.name}` },
      { paragraph: greeting(name) },
      {
        paragraph:
          'From now on you are one of the School Account Managers (SAMs) of your school. You sign in as before. Your dashboard holds the Activation Link for colleagues and shows who has joined.',
      },
      { button: 'Open the SAM dashboard', href: `${env.siteUrl}/sam/${school.id}` },
      {
        paragraph: [
          'What it takes, in one page: ',
          { link: 'What a SAM does', href: `${env.siteUrl}/handbooks/sams/what-a-sam-does` },
          '.',
        ],
      },
      {
        small:
          'If it should be somebody else, add them in the dashboard and give your own role up there. You stay a member.',
      },
    ],
  };
}
