import { launch } from 'chrome-launcher';
import lighthouse, { type RunnerResult } from 'lighthouse';
import { type Bench, type Measure, median, progress, typicalPages } from './measure.ts';

const categories = ['performance', 'accessibility', 'best-practices', 'seo'] as const;
const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking'];

/** Lighthouse’s scores of the typical pages on its mobile profile; where one is under 100, what failed. */
export async function measureLighthouse({ site, browser, runs }: Bench): Promise<Measure[]> {
  const { url } = await site();
  const measures: Measure[] = [];
  for (const [name, path] of Object.entries(typicalPages)) {
    const results: RunnerResult['lhr'][] = [];
    for (let run = 1; run <= runs(5); run += 1) {
      progress(`Lighthouse ${run}: ${name}…`);
      results.push(await audited(url + path, browser));
    }
    for (const category of categories) {
      const values = results.map((result) => Math.round((result.categories[category]?.score ?? 0) * 100));
      const failed = median(values) < 100 ? failedAudits(results, category) : '';
      measures.push({
        name: `Lighthouse, ${name}: ${category}`,
        unit: '',
        values,
        target: { atLeast: 100 },
        ...(failed && { note: failed }),
      });
    }
  }
  return measures;
}

async function audited(address: string, chromePath: string): Promise<RunnerResult['lhr']> {
  const chrome = await launch({ chromePath, chromeFlags: flags, logLevel: 'silent' });
  try {
    const result = await lighthouse(address, {
      port: chrome.port,
      onlyCategories: [...categories],
      logLevel: 'silent',
    });
    if (!result || result.lhr.runtimeError)
      throw new Error(`Lighthouse could not audit it: ${result?.lhr.runtimeError?.message ?? 'no result'}`);
    return result.lhr;
  } finally {
    chrome.kill();
  }
}

/** Ids of the audits that took points from a category in any run. */
function failedAudits(results: RunnerResult['lhr'][], category: string): string {
  const failed = results.flatMap(({ audits, categories }) =>
    (categories[category]?.auditRefs ?? [])
      .filter(({ id, weight }) => weight > 0 && (audits[id]?.score ?? 1) < 1)
      .map(({ id }) => `${id} ${audits[id]?.displayValue ?? ''}`.trim()),
  );
  return [...new Set(failed)].join(', ');
}
