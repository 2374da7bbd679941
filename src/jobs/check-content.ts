import { checkContent, problemLine } from '../domains/content/check-content.ts';
import { env } from '../platform/env.ts';

const problems = await checkContent(env.contentDir);
for (const problem of problems) console.error(problemLine(problem));
if (problems.length > 0) {
  console.error(
    `\n${problems.length === 1 ? 'One thing' : `${problems.length} things`} to mend in the content.`,
  );
  process.exitCode = 1;
}
