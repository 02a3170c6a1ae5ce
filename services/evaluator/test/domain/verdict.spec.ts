import { describe, expect, it } from '@jest/globals';
import type { Suite, Threshold } from '../../src/domain/suite.js';
import { type ScoredSet, judge, tooSmall } from '../../src/domain/verdict.js';

const suiteOf = (thresholds: readonly Threshold[], more: Partial<Suite> = {}): Suite => ({
  suiteId: 'sut_1',
  name: 'delay',
  version: 1,
  digest: `sha256:${'0'.repeat(64)}`,
  task: 'binary-classification',
  features: [{ name: 'hour', kind: 'numeric' }],
  label: 'delayed',
  goldenDataset: 'golden',
  generators: [],
  thresholds,
  minRows: 10,
  minPerClass: 5,
  confidence: 0.95,
  seed: 1,
  createdAt: new Date(0),
  ...more,
});

/** `rows` rows, every other one of class 1, scored right but for each `wrongEvery`-th pair. */
function scored(rows: number, wrongEvery = 0, seed: number | null = null): ScoredSet {
  const labels = Float64Array.from({ length: rows }, (_, row) => row % 2);
  const isWrong = (row: number): boolean => wrongEvery > 0 && Math.floor(row / 2) % wrongEvery === 0;
  const scores = labels.map((label, row) => (isWrong(row) ? 1 - label : label) * 0.8 + 0.1);
  return { name: seed === null ? 'golden' : `noise#${seed}`, seed, scores, labels };
}

const auc = (more: Partial<Threshold>): Threshold => ({ metric: 'auc', appliesTo: 'all', ...more });

describe('tooSmall', () => {
  it('wants rows enough, and of both classes', () => {
    const suite = suiteOf([auc({ min: 0.5 })]);
    expect(tooSmall(suite, scored(8).labels)).toBe('8 golden rows; the suite wants at least 10');
    expect(
      tooSmall(
        suite,
        Float64Array.from({ length: 20 }, (_, row) => (row < 4 ? 1 : 0)),
      ),
    ).toBe('4 golden rows of the rarer class; the suite wants at least 5');
    expect(tooSmall(suite, scored(10).labels)).toBeUndefined();
  });
});

describe('judge', () => {
  it('passes when every check keeps its bounds, and says the golden metric', () => {
    const verdict = judge(suiteOf([auc({ min: 0.9 })]), scored(200), [scored(200, 0, 1)]);
    expect(verdict).toMatchObject({ verdict: 'pass', reason: 'all 2 checks passed' });
    expect(verdict.checks.map(({ set, outcome }) => [set, outcome])).toEqual([
      ['golden', 'pass'],
      ['noise#1', 'pass'],
    ]);
    expect(verdict.metric).toEqual({ name: 'auc', value: 1, low: 1, high: 1, rows: 200 });
  });

  it('fails when the whole interval is out of bounds on golden', () => {
    const verdict = judge(suiteOf([auc({ min: 0.99, appliesTo: 'golden' })]), scored(400, 4), []);
    expect(verdict.verdict).toBe('fail');
    expect(verdict.reason).toMatch(/^1 of 1 checks failed; first: golden auc 0\.\d{4} \[.*\]; wanted ≥ 0.99$/);
  });

  it('is inconclusive when the interval on golden holds the bound', () => {
    const { value } = judge(suiteOf([auc({ min: 0 })]), scored(200, 4), []).metric!;
    const verdict = judge(suiteOf([auc({ min: value - 0.001 })]), scored(200, 4), []);
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.checks[0]?.outcome).toBe('inconclusive');
  });

  it('is inconclusive, not failed, when the golden set is too small to tell', () => {
    const verdict = judge(suiteOf([auc({ min: 0.99 })]), scored(8, 1), []);
    expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: '8 golden rows; the suite wants at least 10' });
  });

  it('fails a randomized set that falls too far behind golden, for metrics that grow and that shrink', () => {
    const higher = judge(suiteOf([auc({ maxDrop: 0.1, appliesTo: 'randomized' })]), scored(200), [scored(200, 3, 1)]);
    expect(higher).toMatchObject({ verdict: 'fail', checks: [{ set: 'noise#1', seed: 1, outcome: 'fail' }] });
    const brier: Threshold = { metric: 'brier', appliesTo: 'randomized', maxDrop: 0.1 };
    expect(judge(suiteOf([brier]), scored(200), [scored(200, 3, 1)]).verdict).toBe('fail');
    expect(judge(suiteOf([brier]), scored(200, 3), [scored(200, 0, 1)]).verdict).toBe('pass');
  });

  it("can't tell the area under the curve of one class", () => {
    const oneClass = { ...scored(200, 0, 1), labels: new Float64Array(200) };
    const verdict = judge(suiteOf([auc({ min: 0.9 })]), scored(200), [oneClass]);
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.checks[1]).toMatchObject({ value: null, detail: 'auc is not defined: one class only' });
  });

  it('fails a model that gives no number, instead of waiting for one', () => {
    const set = scored(200, 0, 1);
    set.scores[3] = Number.NaN;
    for (const metric of ['auc', 'log-loss', 'accuracy', 'brier'] as const) {
      const verdict = judge(suiteOf([{ metric, appliesTo: 'all', min: -1, max: 99 }]), scored(200), [set]);
      expect(verdict).toMatchObject({ verdict: 'fail', checks: [{}, { outcome: 'fail', value: null }] });
      expect(verdict.reason).toContain('noise#1 the model gives no number for 1 of 200 rows');
    }
  });
});
