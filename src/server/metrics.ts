import { AggregatorRegistry, collectDefaultMetrics, Gauge, type Metric, register } from 'prom-client';

/** What kind of answer a request got. `static`: pages and files; `island`: a part of a page; `cms`: Keystatic and its storage. */
const kinds = ['static', 'page', 'island', 'cms', 'health', 'refused'] as const;
export type AnswerKind = (typeof kinds)[number];

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** Seconds. Most static answers take a twentieth of a thousandth. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const answered = new Map(kinds.map((kind) => [kind, new Float64Array(classes.length)]));
const taken = new Map(
  kinds.map((kind) => [kind, { buckets: new Float64Array(bounds.length + 1), sum: 0, count: 0 }]),
);

/**
 * Counts an answer and how long it took, in seconds. A handful of additions, since the site answers tens of thousands of
 * requests a second: what Prometheus needs is made of them only when it asks.
 */
export function countAnswer(kind: AnswerKind, status: number, seconds: number): void {
  answered.get(kind)![Math.floor(status / 100) - 1]! += 1;
  const { buckets } = taken.get(kind)!;
  let place = 0;
  while (place < bounds.length && seconds > bounds[place]!) place += 1;
  buckets[place]! += 1;
  taken.get(kind)!.sum += seconds;
  taken.get(kind)!.count += 1;
}

/** Figures of a process that answers requests, which the supervisor collects from all of them. */
export function offerAnswerMetrics(): void {
  offerProcessMetrics();
  register.registerMetric(
    collected(
      'peersphere_http_requests_total',
      'Requests answered, by kind and class of status.',
      'counter',
      () =>
        kinds.flatMap((kind) =>
          classes.map((status, place) => ({
            labels: { kind, status },
            value: answered.get(kind)![place]!,
          })),
        ),
    ),
  );
  const name = 'peersphere_http_request_seconds';
  register.registerMetric(
    collected(
      name,
      'Seconds from the first line of a request to the end of its answer, by kind.',
      'histogram',
      () =>
        kinds.flatMap((kind) => {
          const { buckets, sum, count } = taken.get(kind)!;
          let soFar = 0;
          const upTo = [...bounds, '+Inf'].map((le, place) => {
            soFar += buckets[place]!;
            return { labels: { le, kind }, value: soFar, metricName: `${name}_bucket` };
          });
          return [
            ...upTo,
            { labels: { kind }, value: sum, metricName: `${name}_sum` },
            { labels: { kind }, value: count, metricName: `${name}_count` },
          ];
        }),
    ),
  );
}

/** Figures that every process of ours has: memory, processor, delay of the event loop. */
function offerProcessMetrics(): void {
  new AggregatorRegistry(); // answers the supervisor when it asks
  collectDefaultMetrics();
}

/** What the job runner looks at once for the whole site, when Prometheus asks. */
export type SiteFigures = {
  outboxWaiting: number;
  outboxOldestSeconds: number;
  outboxFailed: number;
  releasesKept: number;
  releaseNumber: number;
  releaseLiveSeconds: number;
  releaseBuildSeconds: number;
  publishingFailed: number;
};

const words: Record<keyof SiteFigures, [name: string, help: string]> = {
  outboxWaiting: ['peersphere_outbox_waiting', 'Mails whose turn has come and that have not left.'],
  outboxOldestSeconds: ['peersphere_outbox_oldest_seconds', 'How long the oldest of them has waited.'],
  outboxFailed: ['peersphere_outbox_failed', 'Mails that were given up.'],
  releasesKept: ['peersphere_releases_kept', 'Releases on disk that the site can go back to.'],
  releaseNumber: ['peersphere_release_number', 'Number of the release that is served.'],
  releaseLiveSeconds: ['peersphere_release_live_seconds', 'How long it has been served.'],
  releaseBuildSeconds: ['peersphere_release_build_seconds', 'How long it took to make.'],
  publishingFailed: [
    'peersphere_publishing_failed',
    '1 while the newest content could not become a release.',
  ],
};

/** Figures of the job runner. What `look` does not know now, or fails to find out, is left out. */
export function offerSiteMetrics(look: () => Promise<Partial<SiteFigures>>): void {
  offerProcessMetrics();
  const gauges = Object.entries(words).map(
    ([key, [name, help]]) => [key as keyof SiteFigures, new Gauge({ name, help })] as const,
  );
  const asks = gauges[0]![1] as Gauge & { collect: () => Promise<void> };
  asks.collect = async () => {
    const figures = await look().catch((): Partial<SiteFigures> => ({}));
    for (const [key, gauge] of gauges) {
      gauge.reset();
      if (figures[key] === undefined) gauge.remove();
      else gauge.set(figures[key]);
    }
  };
}

/** Something that Prometheus may ask for, computed when it does. */
function collected(
  name: string,
  help: string,
  type: 'counter' | 'histogram',
  values: () => { labels: Record<string, string | number>; value: number; metricName?: string }[],
): Metric {
  return {
    name,
    help,
    type,
    aggregator: 'sum',
    get: async () => ({ name, help, type, aggregator: 'sum', values: values() }),
    reset() {},
  } as unknown as Metric;
}
