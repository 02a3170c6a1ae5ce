import { describe, expect, it } from '@jest/globals';
import { digestOf } from '@myriad/kernel';
import { costOf, hourOf } from '../../src/domain/cost.js';
import { MODEL_FAMILIES, modelMemoryBytes, poolNameOf, poolShapeOf } from '../../src/domain/environment.js';
import { type ServedVersion, nextPlacement } from '../../src/domain/placement.js';
import { type Rollout, assertRollbackPossible, isOverdue, moveRollout } from '../../src/domain/rollout.js';

const served = (version: number): ServedVersion => ({
  modelName: 'flight-delay',
  version,
  versionId: `ver_${version}`,
  application: null,
  artifactDigest: digestOf(String(version)),
  sizeBytes: 643,
  parityDigest: null,
  signature: { inputs: [], outputs: [] },
  batchInvariant: true,
  pool: 'tabular-small',
});
const rollout = (status: Rollout['status']): Rollout => ({
  rolloutId: 'rol_1',
  environment: 'production',
  promotionId: 'prm_1',
  target: served(2),
  previous: served(1),
  trial: null,
  generation: 2,
  status,
  reason: '',
  createdAt: new Date(1000),
  endedAt: null,
});

describe('nextPlacement', () => {
  const change = { environment: 'production' as const, rolloutId: 'rol_1', nowMs: 5 };

  it('is a generation later with every change, also when the version before comes back', () => {
    const first = nextPlacement(undefined, { ...change, next: served(1) });
    const second = nextPlacement(first, { ...change, next: served(2) });
    const back = nextPlacement(second, { ...change, next: served(1) });
    expect([first, second, back].map((p) => [p.generation, p.served.version, p.status])).toEqual([
      [1, 1, 'active'],
      [2, 2, 'active'],
      [3, 1, 'active'],
    ]);
  });

  it('is removed, and still says what was served, when there is nothing to serve', () => {
    const first = nextPlacement(undefined, { ...change, next: served(1) });
    expect(nextPlacement(first, { ...change, next: null })).toMatchObject({
      generation: 2,
      status: 'removed',
      served: served(1),
    });
    expect(() => nextPlacement(undefined, { ...change, next: null })).toThrow(TypeError);
  });
});

describe('a rollout', () => {
  it('ends once, and can be taken back after it completed', () => {
    const completed = moveRollout(rollout('progressing'), 'completed', 'r0 serves it', 2000);
    expect(completed).toMatchObject({ status: 'completed', reason: 'r0 serves it', endedAt: new Date(2000) });
    expect(moveRollout(completed, 'rolled-back', 'odd answers', 3000).status).toBe('rolled-back');
    for (const ended of ['failed', 'rolled-back'] as const)
      expect(() => moveRollout(rollout(ended), 'completed', '', 1)).toThrow(
        expect.objectContaining({ code: 'deployer.rollout.invalid_transition' }),
      );
  });

  it('is overdue when it is under way for longer than the limit', () => {
    expect(isOverdue(rollout('progressing'), 3000, 2000)).toBe(false);
    expect(isOverdue(rollout('progressing'), 3001, 2000)).toBe(true);
    expect(isOverdue(rollout('completed'), 9000, 2000)).toBe(false);
  });

  it('is rolled back when it is the newest and did not end badly', () => {
    const refusal = expect.objectContaining({ code: 'deployer.nothing_to_roll_back' });
    expect(() => {
      assertRollbackPossible(rollout('completed'), 'rol_1');
    }).not.toThrow();
    expect(() => {
      assertRollbackPossible(rollout('progressing'), 'rol_1');
    }).not.toThrow();
    expect(() => {
      assertRollbackPossible(rollout('failed'), 'rol_1');
    }).toThrow(refusal);
    expect(() => {
      assertRollbackPossible(rollout('completed'), 'rol_2');
    }).toThrow(refusal);
    expect(() => {
      assertRollbackPossible(rollout('completed'), undefined);
    }).toThrow(refusal);
  });
});

describe('pools and costs', () => {
  it('reads back every name that it gives, and no other', () => {
    for (const family of MODEL_FAMILIES)
      for (const sizeClass of ['small', 'medium', 'large'] as const)
        expect(poolShapeOf(poolNameOf({ family, sizeClass }))).toEqual({ family, sizeClass });
    expect(poolShapeOf('tabular-huge')).toBeUndefined();
    expect(poolShapeOf('xtabular-small')).toBeUndefined();
    expect(modelMemoryBytes('medium')).toBe(4 * modelMemoryBytes('small'));
  });

  it('prices what was used, rounded to whole millionths', () => {
    const quantities = {
      predictions: 3,
      'prediction-rows': 10,
      'batch-rows': 7,
      'training-cpu': 2,
      'model-hours': 1.5,
    };
    const prices = { predictions: 2, 'prediction-rows': 1, 'batch-rows': 0.2, 'training-cpu': 50, 'model-hours': 10 };
    expect(costOf('aa', quantities, prices).costMicros).toBe(132); // 6 + 10 + 1.4 + 100 + 15
    expect(hourOf(Date.UTC(2026, 0, 1, 5, 59, 59, 999))).toEqual(new Date(Date.UTC(2026, 0, 1, 5)));
  });
});
