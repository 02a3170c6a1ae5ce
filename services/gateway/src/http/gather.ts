import { addStatistics, type ModelStatistics } from '../application/add-statistics.js';
import { NoAnswer, collectAnswer, type CollectedAnswer } from '../application/collect-answer.js';
import type { PlacementTable } from '../application/placement-table.js';
import type { UpstreamRequest, Upstreams } from '../application/ports.js';
import type { RouteTarget } from '../entrance/route-targets.js';
import type { Exchange } from './exchange.js';
import { modelOf } from './service-origins.js';

interface Gathering {
  /** One replica of each pool of the environment, or all of the model's pool. */
  readonly from: 'every-pool' | 'pool';
  /** Makes one body of those of several answers; undefined: the first answer is the answer. */
  readonly merge?: (bodies: readonly unknown[]) => unknown;
}

/** What no replica alone can answer or do, by operation. */
const GATHERINGS: Readonly<Record<string, Gathering>> = {
  repositoryIndex: { from: 'every-pool', merge: (bodies) => distinct(bodies.flat() as Version[]) },
  modelStatistics: { from: 'pool', merge: sum },
  modelVersionStatistics: { from: 'pool', merge: sum },
  unloadModel: { from: 'pool' },
};

/** More of one answer is not taken in, bytes. */
const MOST_BYTES = 64 * 1_048_576;
const OK = 200;

interface Version {
  readonly name: string;
  readonly version: string;
}

export function isGathered({ service, route }: RouteTarget): boolean {
  return service === 'realtime' && route.operationId in GATHERINGS;
}

/** Asks several replicas and makes one answer of what they say; an answer that is no success is the answer. */
export class Gather {
  constructor(
    private readonly placements: PlacementTable,
    private readonly upstreams: Upstreams,
  ) {}

  /**
   * `request` as it goes to each of them.
   * @throws {NoAnswer} when one of them can't be asked; of a pool's replicas, when none can: one that is away did nothing, and has nothing in memory. {ProblemError} as the placements
   */
  async execute(
    exchange: Exchange,
    { route }: RouteTarget,
    request: Omit<UpstreamRequest, 'origin'>,
  ): Promise<CollectedAnswer> {
    const { from, merge } = GATHERINGS[route.operationId] as Gathering;
    const settled = await Promise.allSettled(
      this.originsOf(exchange, from).map((origin) => collectAnswer(this.upstreams, { ...request, origin }, MOST_BYTES)),
    );
    const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = settled.find((one) => one.status === 'rejected');
    const isEnough = from === 'pool' && answers.length > 0 && failed?.reason instanceof NoAnswer;
    if (failed !== undefined && !isEnough) throw failed.reason;
    const [first] = answers as [CollectedAnswer, ...CollectedAnswer[]];
    const refused = answers.find(({ status }) => status !== OK);
    if (refused !== undefined || merge === undefined) return refused ?? first;
    const bodies = answers.map(({ body }) => JSON.parse(body.toString('utf8')) as unknown);
    return { ...first, body: Buffer.from(JSON.stringify(merge(bodies))) };
  }

  private originsOf(exchange: Exchange, from: Gathering['from']): readonly ((tried: ReadonlySet<string>) => string)[] {
    const { session } = exchange;
    const model = modelOf(exchange);
    if (from === 'every-pool' || model === undefined)
      return this.placements.oneOfEachPool(session?.environment ?? 'production');
    return this.placements.replicasOf(model).map((origin) => () => origin);
  }
}

function distinct(versions: readonly Version[]): readonly Version[] {
  return [...new Map(versions.map((one) => [`${one.name}/${one.version}`, one])).values()];
}

function sum(bodies: readonly unknown[]): unknown {
  const all = bodies.flatMap((body) => (body as { model_stats: readonly ModelStatistics[] }).model_stats);
  return { model_stats: addStatistics(all) };
}
