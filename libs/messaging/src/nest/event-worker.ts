import type { CloudEvent } from '@myriad/contracts';
import { ProblemError } from '@myriad/kernel';
import { isConnectionError } from '../connection-error.js';
import { processSpan, withinEvent } from '../events/event-spans.js';
import { typeOf } from '../events/make-event.js';
import { parseEvent, type Definitions } from '../events/parse-event.js';
import type { EventLog, RecordBatch, StoredRecord } from '../event-log.port.js';
import { answered, pause } from '../group/gate.js';
import type { MessagingLogger } from '../messaging-logger.js';
import { groupBy } from '../group-by.js';
import { BatchProgress } from './batch-progress.js';
import { Commits } from './commits.js';
import { toDeadLetter } from './dead-letter.js';
import { EventContext } from './event-context.js';
import { eventMetrics } from './event-metrics.js';

/** Calls the handlers of an event's type; rejects with their error. */
export type Dispatch = (event: CloudEvent, context: EventContext) => Promise<void>;

export interface EventWorkerOptions {
  readonly log: Pick<EventLog, 'append'>;
  readonly group: string;
  readonly logger: MessagingLogger;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly definitions: Definitions;
  /** The types that have handlers; others on the same topics are passed over. */
  readonly types: ReadonlySet<string>;
  readonly dispatch: Dispatch;
}

const MAX_DELAY_MS = 15_000;
const DELAY_FACTOR = 4;
/** Tenants whose events of one partition are handled side by side. */
const LANES = 16;

const isOutage = (error: unknown): boolean =>
  isConnectionError(error) || (error instanceof ProblemError && error.kind === 'unavailable');
const isFinal = (error: unknown): boolean =>
  error instanceof ProblemError && !error.retryable && error.kind !== 'internal';

/** Takes the records of a batch one by one through parse, attempts, and commit or dead letter. */
export class EventWorker {
  private readonly commits: Commits;

  constructor(private readonly options: EventWorkerOptions) {
    this.commits = new Commits(options.logger);
  }

  /**
   * Records of one tenant go one after the other, those of several tenants side by side. Committed is what is done without a gap, so a
   * record is never passed over; some behind a gap may come again.
   */
  async handleBatch(batch: RecordBatch): Promise<void> {
    const progress = new BatchProgress(batch, this.commits);
    const lanes = [...groupBy(batch.records, ({ key }) => key.split('/', 1)[0]).values()];
    const faults: unknown[] = [];
    const hasFailed = (): boolean => faults.length > 0;
    const work = async (): Promise<void> => {
      for (let lane = lanes.shift(); lane && !hasFailed(); lane = lanes.shift())
        for (const record of lane) {
          if (hasFailed() || !(await this.handle(record, batch.signal))) return;
          progress.done(record);
        }
    };
    const hands = Array.from({ length: Math.min(LANES, lanes.length) }, () =>
      work().catch((error: unknown) => faults.push(error)),
    );
    await Promise.all(hands);
    if (!hasFailed()) return;
    await answered(this.commits.flush(batch), batch.signal);
    throw faults[0];
  }

  /** False when the signal aborted before the record was done. */
  private async handle(record: StoredRecord, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (record.value === null) return true;
    const announced = typeOf(record);
    if (announced !== undefined && !this.options.types.has(announced)) return true;
    let event: CloudEvent;
    try {
      event = parseEvent(record, this.options.definitions);
    } catch (error) {
      return this.putAside(record, error, { attempts: 1, type: announced ?? 'unknown', signal });
    }
    if (!this.options.types.has(event.type)) return true;
    return withinEvent(event, record, () => this.attempt(event, record, signal));
  }

  private async attempt(event: CloudEvent, record: StoredRecord, signal: AbortSignal): Promise<boolean> {
    let counted = 0;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.run(event, new EventContext(event, record, signal, attempt));
        eventMetrics.handled.add(1, { type: event.type });
        eventMetrics.delivery.record(Math.max(0, Date.now() - Date.parse(event.time)) / 1_000, { type: event.type });
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        eventMetrics.failed.add(1, { type: event.type });
        if (!isOutage(error)) counted += 1;
        if (isFinal(error) || counted >= this.options.maxAttempts) {
          return this.putAside(record, error, { attempts: attempt, type: event.type, signal });
        }
        this.options.logger.warn({ err: error, type: event.type, attempt }, 'event failed, will be tried again');
        await pause(Math.min(MAX_DELAY_MS, this.options.retryDelayMs * DELAY_FACTOR ** (attempt - 1)), signal);
        if (isAborted(signal)) return false;
      }
    }
  }

  private run(event: CloudEvent, context: EventContext): Promise<void> {
    return processSpan(event, context.record, this.options.group, () => this.options.dispatch(event, context));
  }

  /** False when the partition was taken away, or the process ends, before the log had the letter: the record comes again. */
  private async putAside(
    record: StoredRecord,
    error: unknown,
    { attempts, type, signal }: { readonly attempts: number; readonly type: string; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const letter = toDeadLetter(this.options.group, record, error, attempts);
    if (!(await answered(this.options.log.append([letter]), signal))) return false;
    eventMetrics.deadLettered.add(1, { type: this.options.types.has(type) ? type : 'unknown' });
    const fields = { err: error, deadLetterId: letter.key, type, attempts };
    this.options.logger.error(fields, 'event put aside as a dead letter');
    return true;
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
