import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { modelStateChangedV1, placementChangedV1, realtimeRoutes } from '@myriad/contracts';
import { tenantId } from '@myriad/kernel';
import { makeEvent, toRecord } from '@myriad/messaging';
import { ServiceHarness } from '@myriad/testing';
import { AppModule } from '../../src/app.module.js';
import { ModelCache } from '../../src/application/model-cache.js';
import { EventForwarder } from '../../src/messaging/event-forwarder.js';
import { PlacementTail } from '../../src/messaging/placement-tail.js';
import { fixture, flights, placementOf } from '../support.js';

const settings = {
  environment: 'production',
  pool: 'tabular-small',
  replicaId: 'r0',
  maxBytes: 50_000_000,
  sampleRate: 0,
  samplesPerSecond: 1,
  meterIntervalMs: 1_000,
  failedLoadRetryMs: 200,
};
/** Longest that a refusal may take, milliseconds. */
const AT_ONCE_MS = 10_000;
const WHOLE = JSON.stringify(flights(1));
const nest = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
/** The request with a member more, in front of those of its first input. */
const inInput = (member: string): string => WHOLE.replace('[{', `[{${member},`);
const atTop = (member: string): string => WHOLE.replace('{', `{${member},`);

describe('an attacker at predictions', () => {
  let realtime: ServiceHarness<undefined>;

  beforeAll(async () => {
    realtime = await ServiceHarness.start({
      service: 'realtime',
      module: ({ log, objects, logger }) => AppModule.with({ log, store: objects, logger, settings }),
      beforeListen: async (app) => {
        await app.get(PlacementTail).start();
        app.get(EventForwarder).start();
      },
    });
    await realtime.parts.objects.put(tenantId('aa'), fixture('logistic.onnx'));
    const data = placementOf();
    const event = makeEvent(placementChangedV1, { tenantId: data.tenantId, data, source: 'deployer' });
    await realtime.parts.log.append([toRecord(event, placementChangedV1)]);
    await realtime.event(modelStateChangedV1, { modelName: 'flight-delay', state: 'ready' });
  });
  afterAll(async () => {
    await realtime.get(PlacementTail).close();
    await realtime.get(EventForwarder).close();
    await realtime.get(ModelCache).close();
    await realtime.close();
  });

  const infer = (body: string, model = 'flight-delay') =>
    realtime.request(realtimeRoutes.infer, {
      tenant: 'aa',
      params: { model },
      anyBody: body,
      headers: { 'content-type': 'application/json' },
    });
  /** What an honest caller is answered: the same before and after. */
  const honest = async (): Promise<unknown> => {
    const { status, body } = await infer(WHOLE);
    expect(status).toBe(200);
    return body;
  };

  test.each([
    ['a body that is deep', `{"inputs":${nest(100_000)}}`, '400 http.json_too_deep '],
    ['values that are deep', inInput(`"data":${nest(100_000)}`), '400 http.json_too_deep '],
    [
      'parameters that are deep',
      atTop(`"parameters":${'{"a":'.repeat(65)}1${'}'.repeat(65)}`),
      '400 http.json_too_deep ',
    ],
    ['values as deep as a body may be', WHOLE.replace('[3]', nest(60)), '400 inference.'],
    ['__proto__', atTop('"__proto__":{"isAdmin":true}'), '400 http.unsafe_member /__proto__'],
    ['__proto__ in an input', inInput('"__proto__":{"isAdmin":true}'), '400 http.unsafe_member /inputs/0/__proto__'],
    [
      '__proto__ in parameters',
      atTop('"parameters":{"__proto__":{"isAdmin":true}}'),
      '400 http.unsafe_member /parameters/',
    ],
    [
      '__proto__ in escapes',
      inInput('"\\u005f_proto_\\u005f":{"isAdmin":true}'),
      '400 http.unsafe_member /inputs/0/__proto__',
    ],
    ['a constructor', atTop('"constructor":{"prototype":{"isAdmin":true}}'), '400 http.unsafe_member /constructor'],
    [
      'a constructor in an input',
      inInput('"constructor":{"prototype":{}}'),
      '400 http.unsafe_member /inputs/0/constructor',
    ],
    ['a member that every object has', atTop('"toString":1'), '400 inference.request_invalid /toString'],
    [
      'an input by the name of __proto__',
      WHOLE.replace('"month"', '"__proto__"'),
      '400 inference.input_unexpected /inputs/0/name',
    ],
    [
      'an input by the name of constructor',
      WHOLE.replace('"month"', '"constructor"'),
      '400 inference.input_unexpected /inputs/0/name',
    ],
    [
      'a datatype by the name of constructor',
      WHOLE.replace('"FP32"', '"constructor"'),
      '400 inference.datatype_mismatch /inputs/0/datatype',
    ],
    [
      'an output by the name of __proto__',
      atTop('"outputs":[{"name":"__proto__"}]'),
      '400 inference.output_unknown /outputs/0',
    ],
    [
      'an output by the name of toString',
      atTop('"outputs":[{"name":"toString"}]'),
      '400 inference.output_unknown /outputs/0',
    ],
    ['a shape that only looks like a list', WHOLE.replace('[1,1]', '{"length":2,"0":1,"1":1}'), '400 inference.'],
  ])('is refused %s', async (_name, body, expected) => {
    const before = await honest();
    const fromMs = performance.now();
    const { status, problem } = await infer(body);
    expect(performance.now() - fromMs).toBeLessThan(AT_ONCE_MS);
    expect(`${status} ${problem.code} ${problem.errors?.[0]?.pointer ?? ''}`).toContain(expected);
    expect(await honest()).toEqual(before);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('finds no model named %s', async (model) => {
    expect((await infer(WHOLE, model)).status).toBeGreaterThanOrEqual(400);
    expect((await infer(WHOLE, model)).status).toBeLessThan(500);
  });
});
