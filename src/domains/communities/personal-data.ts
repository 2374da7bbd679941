import { asc, eq } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { communities, communityMembers, surveyQuestions, surveyResponses } from '#db/schema/communities.ts';
import type { Person } from '../accounts/personal-data.ts';
import { standardQuestions } from './model.ts';

/**
 * What communities keep about somebody: those they joined, asked to join or left, and their answers to welcome surveys, with
 * the questions by their ids. All of it goes with the user’s row.
 */
export async function personalCommunities(read: Reads, { userId }: Pick<Person, 'userId'>) {
  const memberships = await read
    .select({
      community: communities.name,
      state: communityMembers.state,
      since: communityMembers.since,
      createdAt: communityMembers.createdAt,
    })
    .from(communityMembers)
    .innerJoin(communities, eq(communities.slug, communityMembers.communitySlug))
    .where(eq(communityMembers.userId, userId))
    .orderBy(asc(communities.name));
  const responses = await read
    .select({
      community: communities.name,
      slug: communities.slug,
      answers: surveyResponses.answers,
      createdAt: surveyResponses.createdAt,
      updatedAt: surveyResponses.updatedAt,
    })
    .from(surveyResponses)
    .innerJoin(communities, eq(communities.slug, surveyResponses.communitySlug))
    .where(eq(surveyResponses.userId, userId))
    .orderBy(asc(communities.name));
  const own = await read
    .select({ id: surveyQuestions.id, text: surveyQuestions.text })
    .from(surveyQuestions)
    .innerJoin(surveyResponses, eq(surveyResponses.communitySlug, surveyQuestions.communitySlug))
    .where(eq(surveyResponses.userId, userId));
  const texts = new Map<string, string>([...standardQuestions, ...own].map(({ id, text }) => [id, text]));
  return {
    memberships,
    welcomeSurveys: responses.map(({ slug: _, ...response }) => ({
      ...response,
      questions: Object.fromEntries(Object.keys(response.answers).map((id) => [id, texts.get(id) ?? id])),
    })),
  };
}
