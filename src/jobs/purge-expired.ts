import type { Db } from '#db/client.ts';
import { purgeAddressChanges } from '../domains/accounts/addresses.ts';
import { keepErasureLedger } from '../domains/accounts/erasure-ledger.ts';
import { purgeLoginSessions } from '../domains/accounts/login-sessions.ts';
import { removePicture } from '../domains/accounts/pictures.ts';
import { purgeThrottles } from '../domains/accounts/throttles.ts';
import { purgeTokens } from '../domains/accounts/tokens.ts';
import { purgeImports } from '../domains/attendance/imports.ts';
import { purgeNudges } from '../domains/attendance/nudges.ts';
import { purgeMail } from '../domains/mail/upkeep.ts';
import { purgeSignUps } from '../domains/schools/sign-ups.ts';
import { env } from '../platform/env.ts';
import { eraseDueUsers } from './erase-due.ts';
import { sweepPictures } from './sweep-pictures.ts';

/**
 * Forgets what is over: sign-ins, links, counts, addresses that people left, old mails, names in attendance files, forms that
 * nobody confirmed with their pictures, people who asked for it seven days ago, and pictures that belong to nobody. Who asked,
 * and who was erased, then also stands in the list that a restored backup is told.
 */
export async function purgeExpired(db: Db, now: Date): Promise<void> {
  await purgeLoginSessions({ db, now });
  await db.write((tx) => purgeThrottles(tx, now));
  await db.write((tx) => purgeTokens(tx, now));
  await db.write((tx) => purgeAddressChanges(tx, now));
  await db.write((tx) => purgeMail(tx, now));
  await db.write((tx) => purgeNudges(tx, now));
  await db.write((tx) => purgeImports(tx, now));
  const pictures = await db.write((tx) => purgeSignUps(tx, now));
  for (const pictureId of pictures) await removePicture(pictureId);
  await keepErasureLedger({ db, now }, env.dataDir);
  await eraseDueUsers({ db, now });
  await keepErasureLedger({ db, now }, env.dataDir);
  await sweepPictures({ db, now });
}
