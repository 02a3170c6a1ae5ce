import { describe, expect, test } from '@jest/globals';
import { tenantId } from '@myriad/kernel';
import fc from 'fast-check';
import { RoutingTable } from '../../src/domain/routing-table.js';
import { placementOf } from '../support.js';

const aa = tenantId('aa');
const newTable = (): RoutingTable => new RoutingTable('production', 'tabular-small');

describe('RoutingTable', () => {
  test('serves the first version of a model at once', () => {
    const table = newTable();
    const placement = placementOf();
    expect(table.apply(placement)).toEqual({ kind: 'served' });
    expect(table.find(aa, 'flight-delay')).toBe(placement);
    expect([...table.placements()]).toEqual([placement]);
  });

  test('goes on with the version before until another one is promoted', () => {
    const table = newTable();
    const first = placementOf();
    const second = placementOf({ version: 2, generation: 2 });
    table.apply(first);
    expect(table.apply(second)).toEqual({ kind: 'pending' });
    expect(table.find(aa, 'flight-delay')).toBe(first);
    expect(table.promote(second)).toBe(first);
    expect(table.find(aa, 'flight-delay')).toBe(second);
    expect(table.promote(second)).toBeUndefined();
  });

  test('a pending version that was overtaken is not promoted', () => {
    const table = newTable();
    const second = placementOf({ version: 2, generation: 2 });
    const third = placementOf({ version: 3, generation: 3 });
    const first = placementOf();
    table.apply(first);
    table.apply(second);
    table.apply(third);
    expect(table.isCurrent(second)).toBe(false);
    expect(table.promote(second)).toBeUndefined();
    expect(table.promote(third)).toBe(first);
  });

  test('going back to the version that still answers needs no load', () => {
    const table = newTable();
    const first = placementOf();
    table.apply(first);
    table.apply(placementOf({ version: 2, generation: 2 }));
    const back = { ...first, generation: 3 };
    expect(table.apply(back)).toEqual({ kind: 'served' });
    expect(table.find(aa, 'flight-delay')).toBe(back);
  });

  test('the same placement again, and an older one, change nothing', () => {
    const table = newTable();
    const placement = placementOf({ generation: 5 });
    table.apply(placement);
    expect(table.apply({ ...placement })).toEqual({ kind: 'none' });
    expect(table.apply(placementOf({ generation: 4, version: 9 }))).toEqual({ kind: 'none' });
    expect(table.find(aa, 'flight-delay')).toBe(placement);
  });

  test('ignores other environments and pools, and lets go of a model that moves to another pool', () => {
    const table = newTable();
    expect(table.apply(placementOf({ environment: 'engineering' }))).toEqual({ kind: 'none' });
    expect(table.apply(placementOf({ pool: 'neural-small' }))).toEqual({ kind: 'none' });
    const here = placementOf();
    table.apply(here);
    expect(table.apply(placementOf({ pool: 'neural-small', generation: 2 }))).toEqual({
      kind: 'removed',
      previous: here,
    });
    expect(table.find(aa, 'flight-delay')).toBeUndefined();
  });

  test('a removed model stays removed when an old placement comes again, and returns with a newer one', () => {
    const table = newTable();
    const first = placementOf();
    table.apply(first);
    expect(table.apply({ ...first, generation: 2, status: 'removed' }).kind).toBe('removed');
    expect(table.apply(first)).toEqual({ kind: 'none' });
    expect(table.find(aa, 'flight-delay')).toBeUndefined();
    expect(table.apply({ ...first, generation: 3 })).toEqual({ kind: 'served' });
  });

  test('models of two tenants with one name are apart', () => {
    const table = newTable();
    const a = placementOf();
    const b = placementOf({ tenantId: 'bb' });
    table.apply(a);
    table.apply(b);
    table.apply({ ...a, generation: 2, status: 'removed' });
    expect(table.find(aa, 'flight-delay')).toBeUndefined();
    expect(table.find(tenantId('bb'), 'flight-delay')).toBe(b);
  });

  test('however often old events come again, the newest generation decides', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ version: fc.integer({ min: 1, max: 3 }), gone: fc.boolean() }), { minLength: 1 }),
        fc.array(fc.nat()),
        (steps, again) => {
          const table = newTable();
          const placements = steps.map(({ version, gone }, i) =>
            placementOf({
              version,
              versionId: `ver_${version}`,
              generation: i + 1,
              status: gone ? 'removed' : 'active',
            }),
          );
          for (const placement of placements) {
            table.apply(placement);
            table.promote(placement);
          }
          for (const index of again) table.apply(placements[index % placements.length]!);
          const last = placements.at(-1)!;
          expect(table.find(aa, 'flight-delay')?.version).toBe(last.status === 'active' ? last.version : undefined);
        },
      ),
    );
  });
});
