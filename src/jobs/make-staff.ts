import { mkdir } from 'node:fs/promises';
import { openDb } from '#db/client.ts';
import { migrate } from '#db/migrate.ts';
import { normaliseAddress } from '../domains/accounts/model.ts';
import { grantRole } from '../domains/accounts/roles.ts';
import { issueToken } from '../domains/accounts/tokens.ts';
import { findUserByAddress } from '../domains/accounts/users.ts';
import { setUpUrl } from '../domains/schools/sams.ts';
import { staffSubject } from '../domains/schools/set-up.ts';
import { emailAddress } from '../lib/inputs.ts';
import { env } from '../platform/env.ts';

/**
 * `npm run staff -- <e-mail>`: makes somebody staff. Who has a sign-in already is granted the role at once; otherwise a link
 * is printed with which a password is set. Whoever can run this can read the database as well, so it asks nothing else.
 */
const address = emailAddress.safeParse(process.argv[2] ?? '');
if (!address.success) {
  console.error('Name the address of the person: npm run staff -- name@example.org');
  process.exit(1);
}
const email = normaliseAddress(address.data);
await mkdir(env.dataDir, { recursive: true });
await migrate(env.databaseUrl, { authToken: env.databaseAuthToken });
const db = await openDb(env.databaseUrl, { authToken: env.databaseAuthToken });
const now = new Date();

const user = await findUserByAddress(db.read, email);
if (user) {
  await db.write((tx) => grantRole(tx, now, null, { userId: user.id, role: 'staff', scopeId: '' }));
  process.stdout.write(`${email} is staff now: ${env.siteUrl}/sign-in\n`);
} else {
  const secret = await db.write((tx) =>
    issueToken(tx, now, { purpose: 'set-up', subjectId: `${staffSubject} ${email}`, email }),
  );
  process.stdout.write(`${email} sets a password here, once, within seven days:\n${setUpUrl(secret)}\n`);
}
await db.close();
