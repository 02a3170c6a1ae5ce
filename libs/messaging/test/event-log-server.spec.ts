import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEvent, eventTopic, type CloudEvent, type EventData, type EventDefinition } from '@myriad/contracts';
import { ProblemError, newId } from '@myriad/kernel';
import { createLogger, currentTraceparent, newTraceparent, startTelemetry } from '@myriad/telemetry';
import { OtlpReceiver, eventually } from '@myriad/testing';
import { Controller, Logger, type INestApplication } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import 'reflect-metadata';
import { z } from 'zod';
import {
  DeadLetters,
  EventLogServer,
  HandleEvent,
  MemoryBroker,
  MemoryEventLog,
  connectEventServer,
  eventPublisher,
  makeEvent,
  silentLogger,
  toRecord,
  type EventContext,
  type EventLogServerOptions,
} from '../src/index.js';

const thingTopic = eventTopic('myriad.test.thing.v1', 4);
const thingMadeV1 = defineEvent({
  type: 'test.thing-made.v1',
  topic: thingTopic,
  summary: 'A thing was made.',
  data: z.object({ name: z.string().min(1), size: z.int() }),
  key: (data, tenant) => `${tenant}/${data.name}`,
  example: { name: 'a', size: 1 },
});
const thingLostV1 = defineEvent({ ...thingMadeV1, type: 'test.thing-lost.v1' });
const definitions: ReadonlyMap<string, EventDefinition> = new Map(
  [thingMadeV1, thingLostV1].map((definition) => [definition.type, definition as unknown as EventDefinition]),
);
type Made = CloudEvent<EventData<typeof thingMadeV1>>;

/** What the handler does next: answers by the event, its attempt, and the names it has handled. */
let behave: (event: Made, context: EventContext) => void | Promise<void>;
let handled: string[];

@Controller()
class ThingHandler {
  @HandleEvent(thingMadeV1)
  async onMade(event: Made, context: EventContext): Promise<void> {
    await behave(event, context);
    handled.push(event.data.name);
  }
}

@Controller()
class SecondHandler {
  @EventPattern('test.thing-made.v1')
  onMade(event: Made): void {
    handled.push(`second ${event.data.name}`);
  }
}

describe('EventLogServer', () => {
  let broker: MemoryBroker;
  let log: MemoryEventLog;
  let apps: INestApplication[];

  beforeEach(async () => {
    Logger.overrideLogger(false);
    broker = new MemoryBroker();
    log = new MemoryEventLog(broker);
    apps = [];
    handled = [];
    behave = () => undefined;
    await log.ensureTopics([thingTopic]);
  });
  afterEach(async () => {
    for (const app of apps) await app.close();
    await log.close();
  });

  async function serve(
    more: Partial<EventLogServerOptions> = {},
    controllers: (typeof ThingHandler | typeof SecondHandler)[] = [ThingHandler],
  ): Promise<INestApplication> {
    const module = await Test.createTestingModule({ controllers }).compile();
    const app = module.createNestApplication(new FastifyAdapter());
    connectEventServer(
      app,
      new EventLogServer({ log, group: 'things', logger: silentLogger, definitions, retryDelayMs: 1, ...more }),
    );
    await app.init();
    await app.startAllMicroservices();
    apps.push(app);
    return app;
  }

  const made = (name: string, more: { traceparent?: string } = {}): Made =>
    makeEvent(thingMadeV1, { tenantId: 'aa', data: { name, size: 1 }, source: 'test', ...more });
  const publish = (...events: CloudEvent[]): Promise<void> =>
    eventPublisher(log)(
      events.map((event) => ({ event, definition: definitions.get(event.type) ?? (thingMadeV1 as EventDefinition) })),
    );
  const lagOf = async (group = 'things'): Promise<number> =>
    (await log.lag(group, [thingTopic.name])).reduce((sum, p) => sum + Number(p.endOffset - p.committedOffset), 0);

  it('hands checked events to the handlers of their type, commits, and passes over other types', async () => {
    await serve();
    await publish(made('a'), makeEvent(thingLostV1, { tenantId: 'aa', data: { name: 'x', size: 2 }, source: 'test' }));
    await publish(made('b'));
    await eventually(async () => {
      expect(handled).toEqual(['a', 'b']);
      expect(await lagOf()).toBe(0);
    });
    expect(await new DeadLetters(log, 'things').list()).toEqual([]);
  });

  it('calls every handler of a type', async () => {
    await serve({}, [ThingHandler, SecondHandler]);
    await publish(made('a'));
    await eventually(() => {
      expect([...handled].sort()).toEqual(['a', 'second a']);
    });
  });

  it('tries a failing event again in place, so that the order of its key holds', async () => {
    const attempts: number[] = [];
    behave = (event, context) => {
      if (event.data.name !== 'a') return;
      attempts.push(context.attempt);
      if (context.attempt < 3) throw new Error('not yet');
    };
    await serve();
    await publish(made('a'), made('b'), made('c'));
    await eventually(() => {
      expect(handled).toEqual(['a', 'b', 'c']);
    });
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('puts an event aside after its attempts, with the reason and its place, and goes on', async () => {
    behave = (event) => {
      if (event.data.name === 'bad') throw new Error('the number is odd');
    };
    await serve({ maxAttempts: 3 });
    await publish(made('bad'), made('good'));
    const letters = await eventually(async () => {
      const found = await new DeadLetters(log, 'things').list();
      expect(found).toHaveLength(1);
      return found;
    });
    expect(letters[0]).toMatchObject({
      group: 'things',
      reason: 'the number is odd',
      code: 'Error',
      attempts: 3,
      topic: thingTopic.name,
      key: 'aa/bad',
      offset: 0n,
    });
    await eventually(async () => {
      expect(handled).toEqual(['good']);
      expect(await lagOf()).toBe(0);
    });
  });

  it('puts refusals that will not change aside at once', async () => {
    let calls = 0;
    behave = () => {
      calls += 1;
      throw new ProblemError({ kind: 'conflict', code: 'test.wrong_state', detail: 'it is closed' });
    };
    await serve();
    await publish(made('a'));
    await eventually(async () => {
      const [letter] = await new DeadLetters(log, 'things').list();
      expect(letter).toMatchObject({ code: 'test.wrong_state', reason: 'it is closed', attempts: 1 });
    });
    expect(calls).toBe(1);
  });

  it('puts aside what is no event or against its contract, and says why', async () => {
    await serve();
    const wrong = { ...made('wrong'), data: { name: '', size: 'big' } };
    await log.append([
      { topic: thingTopic.name, key: 'aa/poison', value: Buffer.from('not json'), headers: {} },
      { topic: thingTopic.name, key: 'aa/half', value: Buffer.from('{"specversion":"1.0"}'), headers: {} },
      toRecord(wrong, thingMadeV1),
      { topic: thingTopic.name, key: 'aa/tombstone', value: null, headers: {} },
    ]);
    await publish(made('good'));
    await eventually(() => {
      expect(handled).toEqual(['good']);
    });
    const letters = await new DeadLetters(log, 'things').list();
    expect(letters.map((letter) => letter.code)).toEqual(new Array(3).fill('messaging.invalid_event'));
    expect(letters[0]).toMatchObject({ reason: 'the record is not JSON', value: Buffer.from('not json') });
    expect(letters[2]?.reason).toMatch(/\/data\/name.*\/data\/size/);
  });

  it('gives a replayed dead letter to its own group only, and takes it back when it fails again', async () => {
    let isBroken = true;
    const byGroup: string[] = [];
    behave = (_event, context) => {
      byGroup.push(context.record.topic);
      if (isBroken) throw new Error('broken');
    };
    await serve({ maxAttempts: 2 });
    await publish(made('a'));
    const letters = new DeadLetters(log, 'things');
    const [first] = await eventually(async () => {
      const found = await letters.list();
      expect(found).toHaveLength(1);
      return found;
    });
    const others: string[] = [];
    const other = await log.subscribe({ group: 'others', topics: [thingTopic.name] }, async (batch) => {
      others.push(...batch.records.map((stored) => stored.key));
      await batch.commit(batch.records.at(-1)!.offset);
    });
    await eventually(() => {
      expect(others).toEqual(['aa/a']);
    });
    expect(await letters.replay([first!.id])).toBe(1);
    await eventually(async () => {
      const again = await letters.list();
      expect(again[0]).toMatchObject({ id: first!.id, attempts: 4, topic: thingTopic.name, offset: 0n });
    });
    isBroken = false;
    expect(await letters.replay()).toBe(1);
    await eventually(async () => {
      expect(handled).toEqual(['a']);
      expect(await letters.list()).toEqual([]);
    });
    expect(others).toEqual(['aa/a']);
    await expect(letters.replay([newId('no')])).rejects.toMatchObject({ code: 'messaging.unknown_dead_letter' });
    await other.close();
  });

  it('does not count attempts while a server that the handler needs is away', async () => {
    let calls = 0;
    behave = () => {
      calls += 1;
      if (calls < 8) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    };
    await serve({ maxAttempts: 2, retryDelayMs: 0 });
    await publish(made('a'));
    await eventually(() => {
      expect(handled).toEqual(['a']);
    });
    expect(calls).toBe(8);
  });

  it('stops within a retry when it closes, and another process goes on with the event', async () => {
    behave = () => {
      throw new Error('never here');
    };
    const app = await serve({ retryDelayMs: 60_000 });
    let failed = false;
    const before = behave;
    behave = (event, context) => {
      failed = true;
      return before(event, context);
    };
    await publish(made('a'));
    await eventually(() => {
      expect(failed).toBe(true);
    });
    await app.close();
    apps = [];
    behave = () => undefined;
    await serve();
    await eventually(() => {
      expect(handled).toEqual(['a']);
    });
    expect(await new DeadLetters(log, 'things').list()).toEqual([]);
  });

  it("hangs the consumer's span below the producer's, which hangs below the one that made the event", async () => {
    const collector = await OtlpReceiver.start();
    const telemetry = await startTelemetry({ service: 'test', otlpEndpoint: collector.url });
    const traceparent = newTraceparent();
    const seen: Record<string, unknown>[] = [];
    const logger = createLogger({
      service: 'test',
      destination: { write: (line) => seen.push(JSON.parse(line) as Record<string, unknown>) },
    });
    behave = (_event, context) => {
      logger.info('handling');
      if (context.attempt === 1) throw new Error('once');
    };
    await serve();
    await publish(made('a', { traceparent }));
    await eventually(() => {
      expect(handled).toEqual(['a']);
    });
    await telemetry.shutdown();
    await collector.close();
    const [producer, ...consumers] = collector.of(traceparent.slice(3, 35));
    expect(producer).toMatchObject({
      name: `send ${thingTopic.name}`,
      kind: 'producer',
      parentSpanId: traceparent.slice(36, 52),
      attributes: { 'messaging.operation.type': 'send', 'messaging.destination.name': thingTopic.name },
    });
    expect(consumers.map(({ isError, kind, parentSpanId }) => [kind, isError, parentSpanId])).toEqual([
      ['consumer', true, producer?.spanId],
      ['consumer', false, producer?.spanId],
    ]);
    expect(seen.map((line) => [line['trace_id'], line['tenantId'], line['eventType']])).toEqual(
      Array(2).fill([traceparent.slice(3, 35), 'aa', 'test.thing-made.v1']),
    );
    expect(seen.map((line) => line['span_id'])).toEqual(consumers.map(({ spanId }) => spanId));
  });

  it("continues the event's trace and counts", async () => {
    const telemetry = await startTelemetry({ service: 'test' });
    const traceparent = newTraceparent();
    let seen: string | undefined;
    behave = () => {
      seen = currentTraceparent();
    };
    await serve();
    await publish(made('a', { traceparent }));
    await eventually(() => {
      expect(handled).toEqual(['a']);
    });
    expect(seen?.slice(3, 35)).toBe(traceparent.slice(3, 35));
    const metrics = await telemetry.metricsText();
    expect(metrics).toMatch(/myriad_events_handled_total\{type="test.thing-made.v1"[^}]*\} 1/);
    expect(metrics).toContain('myriad_event_delivery_seconds_bucket{type="test.thing-made.v1"');
    await telemetry.shutdown();
  });

  it('refuses to start with a handler of a type that no contract knows', async () => {
    await expect(serve({ definitions: new Map() })).rejects.toMatchObject({ code: 'messaging.invalid_option' });
  });
});
