import { describe, expect, it } from '@jest/globals';
import { poolChangedV1 } from '@myriad/contracts';
import { FakeClock } from '@myriad/kernel';
import { InFlight } from '../../src/application/in-flight.js';
import { Outages } from '../../src/application/outages.js';
import { PlacementTable } from '../../src/application/placement-table.js';

describe('InFlight', () => {
  it('forgets the addresses of replicas that are gone, once nothing is on its way to them', () => {
    const inFlight = new InFlight();
    const placements = new PlacementTable(new Outages(new FakeClock()), inFlight);
    const leadTo = (url: string): void => {
      placements.setPool({ ...poolChangedV1.example, endpoints: [{ replicaId: 'r0', url }] });
    };
    for (let port = 4_100; port < 4_200; port += 1) leadTo(`http://127.0.0.1:${port}`);
    expect(inFlight.size).toBe(1);
    const busy = inFlight.at('http://127.0.0.1:4199');
    busy.count = 1;
    leadTo('http://127.0.0.1:5000');
    expect(inFlight.at('http://127.0.0.1:4199')).toBe(busy);
    busy.count = 0;
    leadTo('http://127.0.0.1:5001');
    expect(inFlight.size).toBe(1);
  });
});
