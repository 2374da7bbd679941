import { brotliCompressSync } from 'node:zlib';
import { chromium, type Request } from 'playwright-core';
import { bodyBytes, browserArgs } from './browser.ts';
import { type Bench, type Measure, typicalPages } from './measure.ts';

/** What a visitor’s browser loads for a typical page before any interaction. */
export async function measureWeight({ site, browser: executablePath }: Bench): Promise<Measure[]> {
  const { url } = await site();
  const browser = await chromium.launch({ executablePath, args: browserArgs });
  try {
    const measures: Measure[] = [];
    for (const [name, path] of Object.entries(typicalPages)) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const requests: Request[] = [];
      page.on('request', (request) => requests.push(request));
      await page.goto(url + path, { waitUntil: 'networkidle' });
      const paint = await page.evaluate(() => ({
        at: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
        blocking: (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
          .filter((entry) => (entry as { renderBlockingStatus?: string }).renderBlockingStatus === 'blocking')
          .map((entry) => entry.name),
        started: (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map(
          ({ name, startTime }) => ({ name, startTime }),
        ),
      }));
      if (paint.at === undefined) throw new Error(`${path} painted nothing.`);
      const answer = await requests[0]!.response();
      if (answer?.headers()['content-encoding'] !== 'br') throw new Error(`${path} came without Brotli.`);
      const sizes = await Promise.all(
        requests.map(async (request) => ({ type: request.resourceType(), bytes: await bodyBytes(request) })),
      );
      const kilobytes = (...types: string[]) =>
        sizes.filter(({ type }) => types.includes(type)).reduce((sum, { bytes }) => sum + bytes, 0) / 1024;
      const inlineScripts = await page.evaluate(() =>
        [...document.querySelectorAll('script:not([src], [type="application/ld+json"])')]
          .map((script) => script.textContent)
          .join('\n'),
      );
      const inline = inlineScripts ? brotliCompressSync(inlineScripts).length : 0; // counts with the HTML too
      const elsewhere = requests.filter((request) => {
        const { origin, protocol } = new URL(request.url());
        return origin !== url && protocol !== 'data:';
      });
      const visibleOnly = (address: string) =>
        address.endsWith('.svg') || // the site’s icon, whose type is “other”
        ['font', 'image'].includes(
          requests.find((request) => request.url() === address)?.resourceType() ?? '',
        );
      const before = paint.started.filter((entry) => entry.startTime < paint.at! && !visibleOnly(entry.name));
      measures.push(
        {
          name: `${name}: requests that paint waits for`,
          unit: '',
          values: [1 + paint.blocking.length],
          target: { atMost: 2 },
          note: `${1 + before.length} begun by then, besides fonts and images`,
        },
        {
          name: `${name}: HTML and CSS, compressed`,
          unit: 'KB',
          values: [kilobytes('document', 'stylesheet')],
          target: { atMost: 30 },
        },
        {
          name: `${name}: JavaScript, compressed`,
          unit: 'KB',
          values: [kilobytes('script') + inline / 1024],
          target: { atMost: 6 },
        },
        {
          name: `${name}: requests to other origins`,
          unit: '',
          values: [elsewhere.length],
          target: { atMost: 0 },
        },
      );
      await context.close();
    }
    return measures;
  } finally {
    await browser.close();
  }
}
