import { describe, expect, test } from '@jest/globals';
import { newId, tenantId, type Digest } from '@myriad/kernel';
import fc from 'fast-check';
import { RoutingTable } from '../../src/domain/routing-table.js';
import type { PlacementChange } from '../../src/domain/placement.js';
import { placementOf } from '../support.js';

const aa = tenantId('aa');
const newTable = (): RoutingTable => new RoutingTable('production', 'tabular-small');
const digest = (hex: string): Digest => `sha256:${hex.repeat(64)}`;

/** What of a change a placement says again. */
function said({ tenantId, modelName, generation, ...change }: PlacementChange): object {
  const { version, versionId, application, environment, pool, rolloutId } = change;
  const { artifactDigest, sizeBytes, parityDigest, signature, serving = null } = change;
  return {
    ...{ tenantId, modelName, generation, version, versionId, application, environment, pool, rolloutId },
    ...{ artifactDigest, sizeBytes, parityDigest, signature, serving },
  };
}

describe('RoutingTable', () => {
  test('serves the first version of a model at once, and says of it all that the deployer said', () => {
    const table = newTable();
    const changes = [
      placementOf({ rolloutId: newId('rol'), parityDigest: digest('a') }),
      placementOf({ modelName: 'b', application: null, versionId: 'a version of ours', sizeBytes: 2 ** 40 }),
      placementOf({ modelName: 'c', serving: { way: 'whole', micros: null, memoryBytes: 9, split: null } }),
      placementOf({
        tenantId: 'bb',
        serving: {
          way: 'kernel',
          micros: 0.61,
          memoryBytes: 304,
          split: { skeletonDigest: digest('b'), skeletonBytes: 7, weightsDigest: digest('c'), weightsBytes: 280 },
        },
      }),
    ];
    for (const change of changes) {
      expect(table.apply(change)).toMatchObject({ kind: 'served', candidateRow: -1, dropped: [] });
      expect(table.find(change.tenantId, change.modelName)).toMatchObject(said(change));
    }
    expect([...table.placementsOf(aa)].map(({ modelName }) => modelName)).toEqual(['flight-delay', 'b', 'c']);
    expect([...table.placementsOf(tenantId('cc'))]).toEqual([]);
  });

  test('goes on with the version before until another one is promoted', () => {
    const table = newTable();
    table.apply(placementOf());
    const first = table.find(aa, 'flight-delay')!;
    expect(table.apply(placementOf({ version: 2, generation: 2 }))).toMatchObject({ kind: 'pending', dropped: [] });
    const second = table.pending(aa, 'flight-delay')!;
    expect(table.find(aa, 'flight-delay')).toBe(first);
    expect(table.promote(second)).toEqual(first);
    expect(table.find(aa, 'flight-delay')).toBe(second);
    expect(table.promote(second)).toBeUndefined();
    expect(table.size).toBe(1);
  });

  test('a pending version that was overtaken is dropped and not promoted', () => {
    const table = newTable();
    table.apply(placementOf());
    const first = table.find(aa, 'flight-delay');
    table.apply(placementOf({ version: 2, generation: 2 }));
    const second = table.pending(aa, 'flight-delay')!;
    expect(table.apply(placementOf({ version: 3, generation: 3 }))).toMatchObject({ dropped: [second] });
    expect(table.isCurrent(second)).toBe(false);
    expect(table.promote(second)).toBeUndefined();
    expect(table.promote(table.pending(aa, 'flight-delay')!)).toEqual(first);
  });

  test('going back to the version that still answers needs no load', () => {
    const table = newTable();
    const first = placementOf();
    table.apply(first);
    const { row, stamp } = table.find(aa, 'flight-delay')!;
    table.apply(placementOf({ version: 2, generation: 2 }));
    expect(table.apply({ ...first, generation: 3 })).toMatchObject({ kind: 'served', row });
    expect(table.find(aa, 'flight-delay')).toMatchObject({ generation: 3, row, stamp });
  });

  test('the same placement again, and an older one, change nothing', () => {
    const table = newTable();
    const placement = placementOf({ generation: 5 });
    table.apply(placement);
    const before = table.find(aa, 'flight-delay');
    expect(table.apply({ ...placement })).toEqual({ kind: 'none' });
    expect(table.apply(placementOf({ generation: 4, version: 9 }))).toEqual({ kind: 'none' });
    expect(table.find(aa, 'flight-delay')).toBe(before);
  });

  test('ignores other environments and pools, and lets go of a model that moves to another pool', () => {
    const table = newTable();
    expect(table.apply(placementOf({ environment: 'engineering' }))).toEqual({ kind: 'none' });
    expect(table.apply(placementOf({ pool: 'neural-small' }))).toEqual({ kind: 'none' });
    table.apply(placementOf());
    const here = table.find(aa, 'flight-delay');
    expect(table.apply(placementOf({ pool: 'neural-small', generation: 2 }))).toEqual({
      kind: 'removed',
      previous: here,
      dropped: [here],
    });
    expect(table.find(aa, 'flight-delay')).toBeUndefined();
    expect(table.size).toBe(0);
  });

  test('a removed model stays removed when an old placement comes again, and returns with a newer one', () => {
    const table = newTable();
    const first = placementOf();
    table.apply(first);
    expect(table.apply({ ...first, generation: 2, status: 'removed' }).kind).toBe('removed');
    expect(table.apply(first)).toEqual({ kind: 'none' });
    expect(table.find(aa, 'flight-delay')).toBeUndefined();
    expect(table.apply({ ...first, generation: 3 }).kind).toBe('served');
  });

  test('models of two tenants with one name are apart', () => {
    const table = newTable();
    const a = placementOf();
    const b = placementOf({ tenantId: 'bb' });
    table.apply(a);
    table.apply(b);
    table.apply({ ...a, generation: 2, status: 'removed' });
    expect(table.find(aa, 'flight-delay')).toBeUndefined();
    expect(table.find(tenantId('bb'), 'flight-delay')).toMatchObject({ versionId: b.versionId });
  });

  test('a version in the row of one that went is another one', () => {
    const table = newTable();
    table.apply(placementOf());
    const before = table.find(aa, 'flight-delay')!;
    table.apply(placementOf({ generation: 2, status: 'removed' }));
    table.apply(placementOf({ modelName: 'other' }));
    const after = table.find(aa, 'other')!;
    expect(after.row).toBe(before.row);
    expect(after.stamp).not.toBe(before.stamp);
    expect(table.isCurrent(before)).toBe(false);
    expect(table.isCurrent(after)).toBe(true);
  });

  test('what is tried beside a version answers nothing, and takes over when it is placed', () => {
    const table = newTable();
    const first = placementOf();
    const second = placementOf({ version: 2 });
    table.apply(first);
    const change = table.apply({ ...first, generation: 2, candidate: { ...second, mode: 'canary', percent: 5 } });
    const served = table.find(aa, 'flight-delay')!;
    const candidate = table.candidateOf(served)!;
    expect(change).toMatchObject({ kind: 'served', row: served.row, candidateRow: candidate.row });
    expect(candidate).toMatchObject({ mode: 'canary', percent: 5 });
    expect(table.placementAt(candidate.row)).toMatchObject({ versionId: second.versionId, generation: 2 });
    expect(served.versionId).toBe(first.versionId);
    expect(table.apply({ ...second, generation: 3 })).toMatchObject({ kind: 'pending', row: candidate.row });
    expect(table.candidateOf(served)).toBeUndefined();
    expect(table.promoteRow(candidate.row)).toMatchObject({ versionId: first.versionId });
    expect(table.find(aa, 'flight-delay')).toMatchObject({ versionId: second.versionId, generation: 3 });
    expect(table.size).toBe(1);
  });

  test('a candidate that is given up is dropped', () => {
    const table = newTable();
    const first = placementOf();
    const second = placementOf({ version: 2 });
    table.apply({ ...first, candidate: { ...second, mode: 'shadow', percent: 100 } });
    expect(table.apply({ ...first, generation: 2 })).toMatchObject({ dropped: [{ versionId: second.versionId }] });
    expect(table.candidateOf(table.find(aa, 'flight-delay')!)).toBeUndefined();
    expect(table.size).toBe(1);
  });

  test('however often old events come again, the newest generation decides, for many models at once', () => {
    const step = fc.record({
      model: fc.integer({ min: 0, max: 3 }),
      version: fc.integer({ min: 1, max: 3 }),
      gone: fc.boolean(),
      tried: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), fc.array(fc.nat()), (steps, again) => {
        const table = newTable();
        const versionOf = (model: number, version: number) => ({ version, versionId: `ver_${model}_${version}` });
        const changes = steps.map(({ model, version, gone, tried }, i): PlacementChange => {
          const names = { modelName: `m${model}`, tenantId: `t${model % 2}` };
          const one = placementOf({ ...names, ...versionOf(model, version), generation: i + 1 });
          const isTried = tried !== undefined && tried !== version;
          const candidate = { ...placementOf(versionOf(model, tried ?? 0)), mode: 'canary', percent: 50 } as const;
          return { ...one, status: gone ? 'removed' : 'active', candidate: isTried ? candidate : undefined };
        });
        for (const change of changes) {
          const told = table.apply(change);
          if (told.kind === 'pending') table.promoteRow(told.row);
        }
        for (const index of again) table.apply(changes[index % changes.length]!);
        const active = [...new Map(changes.map((change) => [change.modelName, change])).values()].filter(
          ({ status }) => status === 'active',
        );
        for (const { tenantId, modelName, versionId, candidate } of active) {
          const served = table.find(tenantId, modelName);
          expect(served?.versionId).toBe(versionId);
          const row = served && table.candidateOf(served)?.row;
          expect(table.placementAt(row ?? -1)?.versionId).toBe(candidate?.versionId);
        }
        const tried = active.filter(({ candidate }) => candidate !== undefined);
        expect(table.size).toBe(active.length + tried.length);
      }),
    );
  });
});
