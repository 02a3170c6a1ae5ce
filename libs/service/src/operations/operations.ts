import type { OperationsRoutes, RouteResponse } from '@myriad/contracts';
import { ProblemError, type Page, type PageRequest, pageFrom, type RequestContext } from '@myriad/kernel';
import {
  DeadLetters,
  type DeadLetter,
  type EventLog,
  type EventLogServer,
  type SnapshotState,
  type SnapshotWriter,
} from '@myriad/messaging';
import type { Database, OutboxRelay } from '@myriad/persistence';
import { processReport, type Logger } from '@myriad/telemetry';
import type { HealthWatch } from './health-watch.js';
import type { QueueDepths } from './queue-depths.js';

export type OperationsStatus = RouteResponse<OperationsRoutes['status']>;
export type DeadLetterView = RouteResponse<OperationsRoutes['replay']>;

export interface OperationsParts {
  readonly service: string;
  readonly database: Database;
  readonly log: EventLog;
  readonly relay: OutboxRelay;
  readonly events: EventLogServer;
  readonly health: HealthWatch;
  readonly depths: QueueDepths;
  /** Undefined when the service writes none. */
  readonly snapshots: Pick<SnapshotWriter, 'state'> | undefined;
  readonly logger: Logger;
}

/** What operators may see and do of one service. What stands on something that is away is null: it answers all the same. */
export class Operations {
  private readonly letters: DeadLetters;

  constructor(private readonly parts: OperationsParts) {
    this.letters = new DeadLetters(parts.log, parts.service);
  }

  async status(): Promise<OperationsStatus> {
    const { service, database, relay, health, depths, snapshots } = this.parts;
    const [checks, waiting, events, letters, states] = await Promise.all([
      health.look(),
      orNull(depths.measure()),
      orNull(this.lag()),
      orNull(this.letters.list()),
      orNull(snapshots?.state() ?? Promise.resolve([])),
    ]);
    const { size, used, waiting: callers } = database.pool;
    return {
      ...processReport(),
      service,
      isReady: checks.every(({ ok }) => ok),
      checks: checks.map(({ sinceMs, ...check }) => ({ ...check, since: new Date(sinceMs).toISOString() })),
      events,
      outbox: waiting === null ? null : { ...waiting.outbox, isLeader: relay.isLeader },
      deadLetters: letters?.length ?? null,
      pool: { size, used, waiting: callers },
      queues: [...(waiting?.queues ?? [])],
      snapshots: states?.map(sightOf) ?? null,
    };
  }

  async list({ pageSize, pageToken }: PageRequest): Promise<Page<DeadLetterView>> {
    const letters = (await this.letters.list()).map(viewOf);
    const after = pageToken === undefined ? -1 : letters.findIndex(({ deadLetterId }) => deadLetterId === pageToken);
    if (pageToken !== undefined && after < 0) return { items: [] };
    return pageFrom(letters.slice(after + 1, after + 2 + pageSize), pageSize, ({ deadLetterId }) => deadLetterId);
  }

  async replay(ctx: RequestContext, deadLetterId: string): Promise<DeadLetterView> {
    const letter = await this.find(deadLetterId);
    await this.letters.replay([letter.id]);
    this.note(ctx, letter, 'dead letter replayed');
    return viewOf(letter);
  }

  async discard(ctx: RequestContext, deadLetterId: string, reason: string): Promise<DeadLetterView> {
    const letter = await this.find(deadLetterId);
    await this.letters.discard([letter.id]);
    this.note(ctx, letter, 'dead letter discarded', reason);
    return viewOf(letter);
  }

  private async find(deadLetterId: string): Promise<DeadLetter> {
    const id = Buffer.from(deadLetterId, 'base64url').toString('utf8');
    const letter = (await this.letters.list()).find((one) => one.id === id);
    if (letter !== undefined) return letter;
    const detail = `'${this.parts.service}' has no dead letter '${deadLetterId}'; it was replayed or discarded, or never was`;
    throw new ProblemError({ kind: 'not-found', code: 'messaging.unknown_dead_letter', detail });
  }

  private note({ principal }: RequestContext, letter: DeadLetter, what: string, why?: string): void {
    const fields = { deadLetterId: letter.id, principalId: principal.id, ...(why === undefined ? {} : { why }) };
    this.parts.logger.info(fields, what);
  }

  private async lag(): Promise<NonNullable<OperationsStatus['events']>> {
    const { log, service, events } = this.parts;
    if (events.topics.length === 0) return [];
    const lagByTopic = new Map(events.topics.map((topic) => [topic, 0]));
    for (const { topic, committedOffset, endOffset } of await log.lag(service, events.topics))
      lagByTopic.set(topic, (lagByTopic.get(topic) ?? 0) + Number(endOffset - committedOffset));
    return [...lagByTopic].map(([topic, lagRecords]) => ({ topic, lagRecords, oldestAgeSeconds: null }));
  }
}

function sightOf({ madeAtMs, overdueMs, ...state }: SnapshotState): NonNullable<OperationsStatus['snapshots']>[number] {
  const madeAt = madeAtMs === undefined ? null : new Date(madeAtMs).toISOString();
  return { ...state, madeAt, overdueSeconds: overdueMs / 1_000 };
}

function viewOf(letter: DeadLetter): DeadLetterView {
  const { id, topic, partition, offset, key, headers, reason, code, attempts, failedAtMs } = letter;
  return {
    deadLetterId: Buffer.from(id).toString('base64url'),
    tenantId: id.split('/', 1)[0] ?? '',
    topic,
    partition,
    offset: String(offset),
    key,
    eventType: headers['ce_type'] ?? null,
    eventId: headers['ce_id'] ?? null,
    traceparent: headers['traceparent'] ?? null,
    reason,
    code,
    attempts,
    failedAt: new Date(failedAtMs).toISOString(),
  };
}

/** Longest that a part of the answer is waited for, milliseconds. */
const PART_TIMEOUT_MS = 5_000;

async function orNull<T>(part: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, PART_TIMEOUT_MS);
  });
  try {
    return await Promise.race([part.catch(() => null), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
