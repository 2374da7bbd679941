import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { liveSessions } from '#db/schema/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, isMember, scopesOf, type Viewer } from '../accounts/model.ts';

/** How many are going, and some of them: those who said so first, the viewer left out. */
export type WhoGoes = { going: number; faces: { name: string; pictureId: Id<'pic'> | null }[] };

const mostFaces = 5;

/**
 * Who goes to these live sessions, for those of them that the viewer may attend (`mayAttend`); the others are not in the map,
 * and none is for somebody signed out. A picture is null where its owner does not show it to the viewer. 1 query.
 */
export async function whoGoes(
  read: Reads,
  viewer: Pick<Viewer, 'id' | 'grants'> | null,
  liveSessionIds: readonly Id<'ses'>[],
): Promise<ReadonlyMap<Id<'ses'>, WhoGoes>> {
  if (!viewer || !isMember(viewer) || liveSessionIds.length === 0) return new Map();
  const rows = await read
    .select({
      id: liveSessions.id,
      going: sql<number>`(SELECT count(*) FROM rsvps
        WHERE rsvps.live_session_id = live_sessions.id AND rsvps.answer = 'going')`,
      faces: facesFor(viewer),
    })
    .from(liveSessions)
    .where(and(inArray(liveSessions.id, [...liveSessionIds]), mayBeAttendedBy(viewer)));
  return new Map(rows.map(({ id, going, faces }) => [id, { going, faces: JSON.parse(faces) }]));
}

/** `mayAttend` of policy.ts, for the database. */
function mayBeAttendedBy(viewer: Pick<Viewer, 'id' | 'grants'>): SQL | undefined {
  if (hasRole(viewer, 'staff') || hasRole(viewer, 'ta')) return undefined;
  const isOf = (slugs: SQL) => sql`${liveSessions.id} IN (
    SELECT live_session_id FROM live_session_communities WHERE community_slug IN (${slugs}))`;
  return or(
    eq(liveSessions.audience, 'members'),
    hasRole(viewer, 'sam') ? eq(liveSessions.audience, 'sams') : undefined,
    and(eq(liveSessions.audience, 'communities'), isOf(joinedBy(viewer))),
    isOf(hostedBy(viewer)),
    sql`${liveSessions.id} IN (SELECT live_session_id FROM live_session_people WHERE user_id = ${viewer.id})`,
  );
}

const joinedBy = ({ id }: Pick<Viewer, 'id'>) =>
  sql`SELECT community_slug FROM community_members WHERE user_id = ${id} AND state = 'joined'`;
const hostedBy = (viewer: Pick<Viewer, 'grants'>) =>
  sql`SELECT value FROM json_each(${JSON.stringify(scopesOf(viewer, 'host'))})`;

/** A picture is shown as `maySeePicture` allows it: to members, or to those who share a community with its owner. */
const facesFor = (viewer: Pick<Viewer, 'id' | 'grants'>) => sql<string>`(
  SELECT json_group_array(json_object('name', face.name, 'pictureId', face.picture_id)) FROM (
    SELECT users.name, CASE coalesce(json_extract(users.visibility, '$.picture'), 'members')
        WHEN 'members' THEN users.picture_id
        WHEN 'communities' THEN CASE WHEN ${sharesCommunityWith(viewer)} THEN users.picture_id END
      END AS picture_id
    FROM rsvps JOIN users ON users.id = rsvps.user_id
    WHERE rsvps.live_session_id = live_sessions.id AND rsvps.answer = 'going' AND rsvps.position IS NULL
      AND users.id <> ${viewer.id} AND users.suspended_at IS NULL AND users.erasure_due_at IS NULL
    ORDER BY rsvps.rowid LIMIT ${mostFaces}
  ) AS face)`;

const sharesCommunityWith = (viewer: Pick<Viewer, 'id' | 'grants'>) => sql`EXISTS (
  SELECT 1 FROM community_members AS theirs
  JOIN communities ON communities.slug = theirs.community_slug AND communities.retired_at IS NULL
  WHERE theirs.user_id = users.id AND theirs.state = 'joined'
    AND (theirs.community_slug IN (${joinedBy(viewer)}) OR theirs.community_slug IN (${hostedBy(viewer)})))`;
