import {
  modelStateChangedV1,
  predictionSampledV1,
  usageMeteredV1,
  type EventData,
  type EventDefinition,
} from '@myriad/contracts';
import { ProblemError, atMost, type Clock } from '@myriad/kernel';
import { makeEvent, type EventPublisher, type PublishedEvent } from '@myriad/messaging';
import { currentTraceparent, type Logger } from '@myriad/telemetry';
import { EventSink, type ModelState, type SampledPrediction } from '../application/event-sink.port.js';
import type { Usage, UsageLedger } from '../domain/usage-ledger.js';

export interface EventForwarderOptions {
  readonly publish: EventPublisher;
  readonly usage: UsageLedger;
  /** What versions cost that were only compared. */
  readonly shadowUsage: UsageLedger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replicaId: string;
  /** Pause between two sendings, milliseconds. */
  readonly intervalMs: number;
}

/** What follows from a change that somebody asked for, in the trace of it. */
interface Traced<T> {
  readonly data: T;
  readonly traceparent: string | undefined;
}

/** Samples kept while the log is away. */
const MAX_SAMPLES = 1_000;
/** Events of one append. */
const MAX_EVENTS = 100;
/** So many are made before the event loop has its turn: each takes some 20 µs, and there are as many as tenants that asked within a second. */
const MADE_AT_ONCE = 20;

/** What is to be told, before it is an event. */
interface Untold {
  readonly definition: EventDefinition;
  readonly data: { readonly tenantId: string };
  readonly traceparent?: string | undefined;
}

/**
 * Sends metered usage, model states and samples straight to the log: this service has no database. While the log is away predictions go on, use is counted on in memory, and what was
 * being sent is sent again as it was, with the same event ids: a consumer that got it already knows it.
 */
export class EventForwarder extends EventSink {
  /** Made and not yet acknowledged. */
  private outgoing: PublishedEvent[] = [];
  /** Still to be made, from `told` on. */
  private untold: readonly Untold[] = [];
  private told = 0;
  private states = new Map<string, Traced<ModelState>>();
  private samples: SampledPrediction[] = [];
  private sending: Promise<boolean> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isLogAway = false;
  /** Whether the next sending tells of usage and samples, too, and not only of states. */
  private isUsageDue = false;
  droppedSamples = 0;

  constructor(private readonly options: EventForwarderOptions) {
    super();
  }

  modelState(state: ModelState): void {
    const key = `${state.tenantId}/${state.modelName}`;
    this.states.delete(key);
    this.states.set(key, { data: state, traceparent: currentTraceparent() });
    // the deployer waits for it; usage goes in its own time, or each flip would begin a new window for every model
    void this.soon();
  }

  sample(prediction: SampledPrediction): void {
    if (this.samples.length < MAX_SAMPLES) this.samples.push(prediction);
    else this.droppedSamples += 1;
  }

  start(): void {
    this.timer ??= setInterval(() => void this.flush(), this.options.intervalMs);
  }

  /** Sends what there is. False when the log did not take it. */
  flush(): Promise<boolean> {
    this.isUsageDue = true;
    return this.soon();
  }

  /** Sends the rest, trying for `timeoutMs` milliseconds, which a log that does not answer can't draw out. */
  async close(timeoutMs = 5_000): Promise<void> {
    clearInterval(this.timer);
    await atMost(timeoutMs, this.flushLast(timeoutMs));
    // what was counted while the last append hung is told of, too
    this.isUsageDue = true;
    const events = this.outgoing.length + this.untold.length - this.told + this.collect().length;
    if (events > 0)
      this.options.logger.error({ events }, 'metered usage may be lost: the event log did not take it before the end');
  }

  private async soon(): Promise<boolean> {
    if (this.sending !== undefined) await this.sending;
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
    });
    return this.sending;
  }

  private async flushLast(timeoutMs: number): Promise<void> {
    const { clock } = this.options;
    const untilMs = clock.nowMs() + timeoutMs;
    while (!(await this.flush()) && clock.nowMs() < untilMs) await clock.sleep(100);
  }

  private async send(): Promise<boolean> {
    if (this.outgoing.length === 0 && this.told === this.untold.length) {
      this.untold = this.collect();
      this.told = 0;
    }
    try {
      while (await this.makeNext()) {
        await this.publish(this.outgoing);
        this.outgoing = [];
      }
    } catch (error) {
      if (!this.isLogAway) this.options.logger.warn({ err: error }, 'the event log is away; events are kept');
      this.isLogAway = true;
      return false;
    }
    this.isLogAway = false;
    return true;
  }

  /** Makes the events of the next append, unless those before are not acknowledged; whether there are any. */
  private async makeNext(): Promise<boolean> {
    while (this.told < this.untold.length && this.outgoing.length < MAX_EVENTS) {
      const end = Math.min(this.told + MADE_AT_ONCE, this.untold.length);
      for (; this.told < end; this.told += 1) this.make(this.untold[this.told] as Untold);
      if (end < this.untold.length) await new Promise(setImmediate);
    }
    return this.outgoing.length > 0;
  }

  /** What the log will never take (a sample that is too long) is found and dropped, so that it does not hold up the rest. */
  private async publish(events: readonly PublishedEvent[]): Promise<void> {
    try {
      await this.options.publish(events);
    } catch (error) {
      if (!(error instanceof ProblemError) || !['invalid', 'too-large'].includes(error.kind)) throw error;
      const [first] = events;
      if (events.length === 1 && first !== undefined)
        this.options.logger.error(
          { err: error, type: first.event.type, eventId: first.event.id },
          'the event log refused an event',
        );
      else for (const event of events) await this.publish([event]);
    }
  }

  private collect(): Untold[] {
    const states = [...this.states.values()].map((state) => ({ definition: modelStateChangedV1, ...state }));
    this.states = new Map();
    if (!this.isUsageDue) return states;
    this.isUsageDue = false;
    const nowMs = this.options.clock.nowMs();
    const { usage: answers, shadowUsage } = this.options;
    const usage = [
      ...answers.drain(nowMs).map((item) => this.usageData(item, nowMs)),
      ...shadowUsage.drain(nowMs).map((item) => ({ ...this.usageData(item, nowMs), isShadow: true })),
    ].map((data) => ({ definition: usageMeteredV1, data }));
    const samples = this.samples.map((data) => ({ definition: predictionSampledV1, data }));
    this.samples = [];
    return [...states, ...usage, ...samples];
  }

  private usageData(usage: Usage, nowMs: number): EventData<typeof usageMeteredV1> {
    const { placement, windowStartMs, requests, rows, errors, computeMicros } = usage;
    const { tenantId, modelName, version, versionId, application, environment } = placement;
    return {
      tenantId,
      modelName,
      version,
      versionId,
      application,
      environment: environment as EventData<typeof usageMeteredV1>['environment'],
      replicaId: this.options.replicaId,
      windowStart: new Date(windowStartMs).toISOString(),
      windowEnd: new Date(nowMs).toISOString(),
      requests,
      rows,
      errors,
      computeMicros,
    };
  }

  /** An event against its contract is a fault of ours; it must not hold up the others. */
  private make({ definition, data, traceparent }: Untold): void {
    const { clock, logger } = this.options;
    try {
      const origin = { source: 'realtime', clock, ...(traceparent !== undefined && { traceparent }) };
      this.outgoing.push({ definition, event: makeEvent(definition, { tenantId: data.tenantId, data, ...origin }) });
    } catch (error) {
      logger.error({ err: error, type: definition.type, tenantId: data.tenantId }, 'an event is against its contract');
    }
  }
}
