import { eventsByType, type CloudEvent, type TopicDefinition } from '@myriad/contracts';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Definitions } from '../events/parse-event.js';
import type { EventLog, SubscribeOptions, Subscription } from '../event-log.port.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { deadLetterTopic, retryTopic } from './dead-letter.js';
import type { EventContext } from './event-context.js';
import { EventWorker } from './event-worker.js';
import { LagMeter } from './lag-meter.js';

export interface EventLogServerOptions extends Pick<SubscribeOptions, 'from' | 'maxBatch' | 'sessionTimeoutMs'> {
  readonly log: EventLog;
  /** The consumer group: the service's name. */
  readonly group: string;
  readonly logger: MessagingLogger;
  /** Attempts of one event before it becomes a dead letter, ≥ 1. Default 5. While a server that the handler needs is away, attempts don't count. */
  readonly maxAttempts?: number;
  /** Pause before the second attempt, milliseconds; four times as long before each next one, at most 15 s. Default 200. */
  readonly retryDelayMs?: number;
  /** Where contracts are looked up. Default: the contracts of the mesh. */
  readonly definitions?: Definitions;
}

/**
 * Nest transport over the event log. Handlers are methods of controllers marked `@HandleEvent(definition)` (or `@EventPattern<string>(type)`); events reach them checked against their contract, one after the other in a partition, partitions side by side. What fails is
 * tried again in place, then put aside as a dead letter. Offsets are committed after the handler has returned.
 */
export class EventLogServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('myriad-event-log');
  override readonly propagatesEventHandlerErrors = true;
  private subscription: Subscription | undefined;
  private lagMeter: LagMeter | undefined;
  private subscribed: readonly string[] = [];

  constructor(private readonly options: EventLogServerOptions) {
    super();
  }

  /** The topics that the group reads, its own retries among them; none without handlers. */
  get topics(): readonly string[] {
    return this.subscribed;
  }

  listen(callback: (error?: unknown) => void): void {
    this.start().then(() => {
      callback();
    }, callback);
  }

  async close(): Promise<void> {
    this.lagMeter?.stop();
    const { subscription } = this;
    this.subscription = undefined;
    await subscription?.close();
  }

  on(event: string): never {
    throw messagingProblem('unsupported', 'invalid_option', `the event log has no event '${event}' to listen to`);
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.options.log as T;
  }

  private async start(): Promise<void> {
    const { log, group, logger } = this.options;
    const types = new Set(this.messageHandlers.keys());
    if (types.size === 0) return;
    const topics = [...this.topicsOf(types), retryTopic(group)];
    await log.ensureTopics([...topics, deadLetterTopic(group)]);
    const worker = new EventWorker({
      log,
      group,
      logger,
      maxAttempts: this.options.maxAttempts ?? 5,
      retryDelayMs: this.options.retryDelayMs ?? 200,
      definitions: this.options.definitions ?? eventsByType,
      types,
      dispatch: (event, context) => this.dispatch(event, context),
    });
    const names = topics.map((topic) => topic.name);
    this.subscribed = names;
    const { from, maxBatch, sessionTimeoutMs } = this.options;
    const tuning = {
      ...(from !== undefined && { from }),
      ...(maxBatch !== undefined && { maxBatch }),
      ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs }),
    };
    this.subscription = await log.subscribe({ group, topics: names, ...tuning }, (batch) => worker.handleBatch(batch));
    const { subscription } = this;
    this.lagMeter = new LagMeter({ log, group, topics: names, subscription, logger });
  }

  private topicsOf(types: ReadonlySet<string>): readonly TopicDefinition[] {
    const { definitions = eventsByType } = this.options;
    const topics = new Map<string, TopicDefinition>();
    for (const type of types) {
      const definition = definitions.get(type);
      if (!definition)
        throw messagingProblem(
          'invalid',
          'invalid_option',
          `'${type}' has a handler but is no event type of the contracts`,
        );
      topics.set(definition.topic.name, definition.topic);
    }
    return [...topics.values()];
  }

  private async dispatch(event: CloudEvent, context: EventContext): Promise<void> {
    const handler = this.messageHandlers.get(event.type);
    const result: unknown = await handler?.(event, context);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
  }
}
