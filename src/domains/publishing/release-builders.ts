import { type ReadyChild, startReleaseChild } from './release-child.ts';

/** Programs that build and try a release, and what the first may take. */
export type ReleaseScripts = {
  build: string;
  trial: string;
  buildMemoryMb: number;
  buildLongestMs: number;
};

const trialMemoryMb = 512;
/** An editor who saved saves again; after that, the memory is better free. */
const idleMs = 10 * 60_000;

export type ReleaseBuilders = {
  /** Gets programs for one release ready, since one will soon be asked for. They end by themselves when none is. */
  getReady(codeBuild: string): void;
  /** A program that builds with this code, and one that tries: ready already, or started now. */
  takeBuilder(codeBuild: string): ReadyChild;
  takeTrier(): ReadyChild;
  end(): void;
};

/** Starts the programs that make releases, before they are needed where somebody knows: starting them takes half a second. */
export function releaseBuilders(scripts: ReleaseScripts, siteDir: string): ReleaseBuilders {
  let builder: { child: ReadyChild; codeBuild: string } | undefined;
  let trier: ReadyChild | undefined;
  let timer: NodeJS.Timeout | undefined;
  const startBuilder = () => startReleaseChild(scripts.build, ['--code', siteDir], scripts.buildMemoryMb);
  const startTrier = () => startReleaseChild(scripts.trial, [], trialMemoryMb);

  function end() {
    clearTimeout(timer);
    builder?.child.end();
    trier?.end();
    builder = undefined;
    trier = undefined;
  }

  function endWhenIdle() {
    clearTimeout(timer);
    timer = setTimeout(end, idleMs);
    timer.unref();
  }

  return {
    getReady(codeBuild) {
      endWhenIdle();
      if (builder?.codeBuild === codeBuild && builder.child.isReady()) return;
      builder?.child.end();
      builder = { child: startBuilder(), codeBuild };
    },
    takeBuilder(codeBuild) {
      const ready = builder;
      builder = undefined;
      endWhenIdle();
      trier ??= startTrier(); // it gets ready while the release is built
      if (ready?.codeBuild === codeBuild && ready.child.isReady()) return ready.child;
      ready?.child.end();
      return startBuilder();
    },
    takeTrier() {
      const ready = trier;
      trier = undefined;
      return ready?.isReady() ? ready : startTrier();
    },
    end,
  };
}
