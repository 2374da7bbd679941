import { and, count, countDistinct, eq, gt, inArray, isNull } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants } from '#db/schema/accounts.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { liveSessions } from '#db/schema/live-sessions.ts';
import type { Filling } from '../../lib/rich-text/placeholders.ts';
import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, type Viewer } from '../accounts/model.ts';
import { openActivationLink } from '../schools/activation-links.ts';
import { type JoiningState, joiningState } from '../schools/model.ts';
import { memberCount, type SchoolRecord, samNames, schoolRecord } from '../schools/queries.ts';
import { joinedSentence, type LinkProblem, noLinkWords, type Placeholder } from './model.ts';

/** What the kit of one school is made with, as it is at this moment. */
export type LaunchKit = {
  school: { id: Id<'sch'>; name: string };
  /** Who signs the texts: the viewer where they are SAM of the school, else whoever has been longest. */
  sam: string;
  link: { url: string } | { problem: LinkProblem };
  /** Whether somebody who follows the link now may join; said beside a link that will work later. */
  joining: JoiningState;
  counts: {
    communities: number;
    /** People who have joined the school. */
    colleagues: number;
    /** Communities that at least one of them is in. */
    joinedCommunities: number;
    /** Live sessions from now on. */
    liveSessions: number;
  };
};

/**
 * The kit of a school that the viewer may run; undefined for any other, and for one that is not there. It holds the
 * activation link: whatever shows it is for this viewer alone. 7 queries.
 */
export async function launchKit(
  read: Reads,
  viewer: Viewer | null,
  schoolId: string | undefined,
  now: Date,
): Promise<LaunchKit | undefined> {
  const school = viewer && (await schoolRecord(read, viewer, schoolId, now));
  if (!school) return undefined;
  const colleagues = await memberCount(read, school.id);
  const isSam = hasRole(viewer, 'sam', school.id);
  return {
    school: { id: school.id, name: school.name },
    sam: isSam ? viewer.name : ((await samNames(read, school.id))[0] ?? 'Your SAM'),
    link: await linkOf(read, school),
    joining: joiningState(school),
    counts: {
      communities: await read.$count(communities, isNull(communities.retiredAt)),
      colleagues,
      joinedCommunities: await joinedCommunities(read, school.id),
      liveSessions: await comingLiveSessions(read, now),
    },
  };
}

/** The words for each placeholder, and the link as an address where there is one. `network`: the name of this site. */
export function fillingOf(kit: LaunchKit, network: string): Filling {
  const { school, sam, counts, link } = kit;
  const words: Record<Exclude<Placeholder, 'link'>, string> = {
    school: school.name,
    sam,
    network,
    communities: counts.communities.toLocaleString('en-GB'),
    colleagues: counts.colleagues.toLocaleString('en-GB'),
    joined: joinedSentence(counts.colleagues),
  };
  return 'url' in link
    ? { words, addresses: { link: link.url }, siteUrl: env.siteUrl }
    : { words: { ...words, link: noLinkWords }, addresses: {}, siteUrl: env.siteUrl };
}

/** A link of a membership that has not begun, or whose places are taken, is shown: it works when that is over. */
async function linkOf(read: Reads, school: SchoolRecord): Promise<LaunchKit['link']> {
  if (school.state === 'paused' || school.state === 'ended') return { problem: school.state };
  const link = await openActivationLink(read, school.id);
  if (!link) return { problem: 'none' };
  return link.url ? { url: link.url } : { problem: 'unreadable' };
}

async function joinedCommunities(read: Reads, schoolId: Id<'sch'>): Promise<number> {
  const [row] = await read
    .select({ joined: countDistinct(communityMembers.communitySlug) })
    .from(roleGrants)
    .innerJoin(
      communityMembers,
      and(eq(communityMembers.userId, roleGrants.userId), eq(communityMembers.state, 'joined')),
    )
    .innerJoin(
      communities,
      and(eq(communities.slug, communityMembers.communitySlug), isNull(communities.retiredAt)),
    )
    .where(and(eq(roleGrants.role, 'member'), eq(roleGrants.scopeId, schoolId)));
  return row?.joined ?? 0;
}

async function comingLiveSessions(read: Reads, now: Date): Promise<number> {
  const [row] = await read
    .select({ coming: count() })
    .from(liveSessions)
    .where(and(inArray(liveSessions.state, ['scheduled', 'confirmed']), gt(liveSessions.startsAt, now)));
  return row?.coming ?? 0;
}
