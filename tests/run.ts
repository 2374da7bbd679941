import { startVitest } from 'vitest/node';
import { ensureBrowser } from './find-browser.ts';

/** `npm test`: everything CI checks. Ends with a line `N passed, N failed`. Words after `--` narrow it to matching files. */
try {
  ensureBrowser();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

const vitest = await startVitest(process.argv.slice(2), { watch: false, run: true });
const results = vitest.state.getTestModules();
let passed = 0;
let failed = vitest.state.getUnhandledErrors().length;
for (const testModule of results) {
  const inModule = [...testModule.children.allTests()];
  passed += inModule.filter((test) => test.result().state === 'passed').length;
  failed += inModule.filter((test) => test.result().state === 'failed').length;
  if (!testModule.ok() && inModule.every((test) => test.result().state !== 'failed')) failed += 1;
}
await vitest.close();
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
