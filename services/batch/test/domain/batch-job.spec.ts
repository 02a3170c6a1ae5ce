import { describe, expect, it } from '@jest/globals';
import { type TensorSpec, outputColumns, shardCount } from '../../src/domain/batch-job.js';
import { whyNotTabular } from '../../src/domain/tabular.js';

const tensor = (name: string, shape: number[], datatype: TensorSpec['datatype'] = 'FP32'): TensorSpec => ({
  name,
  datatype,
  shape,
});

describe('shards', () => {
  it('hold every row once, the last one what is left', () => {
    expect([0, 1, 99, 100, 101, 1000].map((rows) => shardCount(rows, 100))).toEqual([0, 1, 1, 1, 2, 10]);
  });
});

describe('the output of a model', () => {
  it('has one column a value', () => {
    const outputs = [tensor('label', [-1], 'INT64'), tensor('scores', [-1, 3]), tensor('flat', [-1, 1])];
    expect(outputColumns(outputs).map(({ name }) => name)).toEqual([
      'label',
      'scores_0',
      'scores_1',
      'scores_2',
      'flat',
    ]);
  });
});

describe('a model that scores tables', () => {
  const [x, y] = [tensor('x', [-1, 1]), tensor('y', [-1])];

  it('takes one value a row and gives a fixed number', () => {
    expect(whyNotTabular({ inputs: [x, tensor('z', [-1])], outputs: [y, tensor('scores', [-1, 2])] })).toBeUndefined();
  });

  it.each([
    ['a wide input', { inputs: [tensor('x', [-1, 4])], outputs: [y] }, 'x'],
    ['no batch dimension', { inputs: [tensor('x', [1])], outputs: [y] }, 'x'],
    ['half precision', { inputs: [tensor('x', [-1], 'FP16')], outputs: [y] }, 'FP16'],
    ['an output of open width', { inputs: [x], outputs: [tensor('y', [-1, -1])] }, 'y'],
    ['an output called row', { inputs: [x], outputs: [tensor('Row', [-1])] }, 'row'],
    ['two outputs of one name', { inputs: [x], outputs: [tensor('s', [-1, 2]), tensor('S_1', [-1])] }, 's_1'],
  ])('has not %s', (_, signature, named) => {
    expect(whyNotTabular(signature)).toContain(named);
  });
});
