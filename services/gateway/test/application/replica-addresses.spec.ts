import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { poolChangedV1 } from '@myriad/contracts';
import { systemClock } from '@myriad/kernel';
import { InFlight } from '../../src/application/in-flight.js';
import { Outages } from '../../src/application/outages.js';
import { PlacementTable } from '../../src/application/placement-table.js';
import { ReplicaAddresses } from '../../src/application/replica-addresses.js';
import { probeReady } from '../../src/application/probe-ready.js';
import { Http1Upstreams } from '../../src/adapters/http1/http1-upstreams.js';
import { fakeService, type FakeService } from '../fake-service.js';

const NAME = 'realtime-tabular-small';

function setUp(url = `http://${NAME}:8080`) {
  const placements = new PlacementTable(new Outages(systemClock), new InFlight());
  const answers = new Map<string, readonly string[]>();
  const asked: string[] = [];
  const addresses = new ReplicaAddresses(placements, (name) => {
    asked.push(name);
    const found = answers.get(name);
    return found === undefined ? Promise.reject(new Error('no such name')) : Promise.resolve(found);
  });
  placements.setPool({ ...poolChangedV1.example, endpoints: [{ replicaId: 'r', url }] });
  return { placements, addresses, answers, asked, urls: () => placements.replicas().map((one) => one.url) };
}

describe('ReplicaAddresses', () => {
  it('makes a replica of every address behind a name', async () => {
    const { addresses, answers, urls } = setUp();
    expect(urls()).toEqual([`http://${NAME}:8080`]);
    answers.set(NAME, ['10.0.0.2', '10.0.0.1']);
    await addresses.look();
    expect(urls()).toEqual([`http://${NAME}:8080#10.0.0.1`, `http://${NAME}:8080#10.0.0.2`]);
    answers.set(NAME, ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    await addresses.look();
    expect(urls()).toHaveLength(3);
  });

  it('moves no more models than the new replica takes', async () => {
    const { placements, addresses, answers } = setUp();
    const models = Array.from({ length: 200 }, (_none, i) => `model-${i}`);
    for (const modelName of models)
      placements.setPlacement({
        ...({ tenantId: 'aa', modelName, environment: 'production', pool: 'tabular-small' } as object),
        status: 'active',
        generation: 1,
      } as Parameters<PlacementTable['setPlacement']>[0]);
    const owners = () =>
      models.map((modelName) =>
        placements.replicaOf({ tenantId: 'aa', environment: 'production', modelName }, new Set()),
      );
    answers.set(NAME, ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    await addresses.look();
    const before = owners();
    answers.set(NAME, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']);
    await addresses.look();
    const moved = owners().filter((owner, i) => owner !== before[i]);
    expect(new Set(moved)).toEqual(new Set([`http://${NAME}:8080#10.0.0.4`]));
    expect(moved.length).toBeGreaterThan(25);
    expect(moved.length).toBeLessThan(80);
  });

  it('keeps what it knows while the name can not be resolved', async () => {
    const { addresses, answers, urls } = setUp();
    answers.set(NAME, ['10.0.0.1', '10.0.0.2']);
    await addresses.look();
    for (const answer of [undefined, []]) {
      if (answer === undefined) answers.delete(NAME);
      else answers.set(NAME, answer);
      await addresses.look();
      expect(urls()).toHaveLength(2);
    }
  });

  it('asks for no address of an address', async () => {
    const { addresses, asked, urls } = setUp('http://127.0.0.1:4100');
    await addresses.look();
    expect(asked).toEqual([]);
    expect(urls()).toEqual(['http://127.0.0.1:4100']);
  });
});

describe('an origin with an address', () => {
  let service: FakeService;
  const upstreams = new Http1Upstreams(new Outages(systemClock), new InFlight(), 0);
  beforeAll(async () => {
    service = await fakeService();
  });
  afterAll(async () => {
    await upstreams.close();
    await service.close();
  });

  it('leads there, under its name', async () => {
    const port = new URL(service.url).port;
    expect(await probeReady(upstreams)(`http://some-name.invalid:${port}#127.0.0.1`)).toBe('');
    expect(service.seen.at(-1)?.headers.host).toBe(`some-name.invalid:${port}`);
  });
});
