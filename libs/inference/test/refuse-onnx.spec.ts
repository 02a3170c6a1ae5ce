import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { ProblemError } from '@myriad/kernel';
import { describe, expect, test } from '@jest/globals';
import { inspectOnnxBytes, type OnnxLimits } from '../src/index.js';
import { encodeModel, graphOf, ints, node, value } from './onnx-encoder.js';

const logistic = readFileSync(`${import.meta.dirname}/fixtures/logistic.onnx`);
const relu = node('Relu', ['x'], ['y']);

function refusal(bytes: Uint8Array, limits?: Partial<OnnxLimits>): ProblemError {
  try {
    inspectOnnxBytes(bytes, limits);
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

describe('files that are no ONNX', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a ZIP archive', Buffer.from('PK\u0003\u0004\u0014\u0000\u0000\u0000', 'latin1')],
    ['a pickle', Buffer.from('\u0080\u0004\u0095\u0000\u0000', 'latin1')],
    ['gzip', gzipSync(logistic)],
    ['JSON', Buffer.from('{"model": 1}')],
    ['an error page', Buffer.from('<html><body>404</body></html>')],
    ['zeros', Buffer.alloc(1000)],
    ['noise', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + 13) % 251))],
  ])('%s is refused as not ONNX', (_name, bytes) => {
    const error = refusal(bytes);
    expect(error.kind).toBe('unprocessable');
    expect(error.code).toBe('inference.onnx_not_onnx');
  });

  test('a ZIP archive is named as such', () => {
    expect(refusal(Buffer.from('PK\u0003\u0004........', 'latin1')).message).toContain('ZIP archive');
  });

  test('every cut of a real file is refused, and nearly all are called truncated', () => {
    let truncated = 0;
    for (let length = 0; length < logistic.length; length += 1) {
      const { code } = refusal(logistic.subarray(0, length));
      expect(code).toMatch(/^inference\.onnx_(truncated|not_onnx)$/);
      if (code === 'inference.onnx_truncated') truncated += 1;
    }
    expect(truncated).toBeGreaterThan(logistic.length * 0.99);
  });

  test('a flipped byte never does worse than a refusal', () => {
    for (let at = 0; at < logistic.length; at += 1) {
      const bytes = Buffer.from(logistic);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      try {
        inspectOnnxBytes(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProblemError);
      }
    }
  });
});

describe('files that reach outside', () => {
  const outside = (location: string) => ({
    name: 'w',
    dataType: 1,
    dims: [4],
    dataLocation: 1,
    externalData: [{ key: 'location', value: location }],
  });

  test('external data of an initializer is refused and its path named', () => {
    const error = refusal(encodeModel(graphOf([relu], { initializer: [outside('../../etc/passwd')] })));
    expect(error.code).toBe('inference.onnx_external_data');
    expect(error.message).toContain('../../etc/passwd');
  });

  test('also in an attribute of a subgraph, and without the location flag', () => {
    const hidden = { ...outside('/escape'), dataLocation: 0 };
    const body = graphOf([node('Constant', [], ['y'], { attribute: [{ name: 'value', t: hidden, type: 4 }] })]);
    const bytes = encodeModel(
      graphOf([node('If', ['c'], ['y'], { attribute: [{ name: 'then_branch', g: body, type: 5 }] })]),
    );
    expect(refusal(bytes).code).toBe('inference.onnx_external_data');
  });

  test('also in a sparse initializer and in a local function', () => {
    const sparse = { values: outside('a'), indices: ints('i', [0]), dims: [4] };
    expect(refusal(encodeModel(graphOf([relu], { sparseInitializer: [sparse] }))).code).toBe(
      'inference.onnx_external_data',
    );
    const constant = node('Constant', [], ['b'], { attribute: [{ name: 'value', t: outside('b'), type: 4 }] });
    const functions = [{ name: 'F', domain: 'mine', output: ['b'], node: [constant] }];
    expect(refusal(encodeModel(graphOf([relu]), { functions })).code).toBe('inference.onnx_external_data');
  });
});

describe('files that would explode', () => {
  const big = 2 ** 40;

  test.each([
    [
      'declares more than it holds',
      { initializer: [{ name: 'w', dataType: 1, dims: [1000, 1000], rawData: Buffer.alloc(8) }] },
    ],
    [
      'overflows 64 bits',
      { initializer: [{ name: 'w', dataType: 1, dims: [big, big, big], rawData: Buffer.alloc(8) }] },
    ],
    ['has a negative dimension', { initializer: [{ name: 'w', dataType: 1, dims: [-4], rawData: Buffer.alloc(16) }] }],
    [
      'hides a huge size behind a zero',
      { initializer: [{ name: 'w', dataType: 1, dims: [0, big, big], rawData: Buffer.alloc(0) }] },
    ],
    ['declares a huge input', { input: [value('x', [-1, big])] }],
    [
      'declares a huge sparse tensor',
      {
        sparseInitializer: [
          { values: { name: 's', dataType: 1, dims: [1], floatData: [1] }, indices: ints('i', [0]), dims: [big] },
        ],
      },
    ],
  ])('a file that %s is refused as a bomb', (_name, more) => {
    expect(refusal(encodeModel(graphOf([relu], more))).code).toBe('inference.onnx_dimension_bomb');
  });

  test.each([
    ['ConstantOfShape', ['c']],
    ['Expand', ['x', 'c']],
    ['Tile', ['x', 'c']],
    ['OneHot', ['x', 'c']],
    ['Pad', ['x', 'c']],
    ['Resize', ['x', '', '', 'c']],
    ['Range', ['zero', 'c', 'unit']],
  ])('%s of a huge constant is refused, be it an initializer or a Constant node', (opType, inputs) => {
    const small = [ints('zero', [0]), ints('unit', [1])];
    const huge = [100_000 * 100_000, 2];
    const initializer = encodeModel(
      graphOf([node(opType, inputs, ['y'])], { initializer: [...small, ints('c', huge)] }),
    );
    expect(refusal(initializer).code).toBe('inference.onnx_dimension_bomb');
    const constant = node('Constant', [], ['c'], { attribute: [{ name: 'value_ints', ints: huge, type: 7 }] });
    expect(refusal(encodeModel(graphOf([constant, node(opType, inputs, ['y'])], { initializer: small }))).code).toBe(
      'inference.onnx_dimension_bomb',
    );
  });

  test('the same constant at a sane size passes', () => {
    const graph = graphOf([node('Expand', ['x', 'c'], ['y'])], { initializer: [ints('c', [-1, 4])] });
    expect(inspectOnnxBytes(encodeModel(graph)).operators).toEqual(['ai.onnx:Expand']);
  });

  test('a subgraph sees the constants of the graph around it', () => {
    const body = graphOf([node('ConstantOfShape', ['c'], ['y'])]);
    const branch = node('If', ['b'], ['y'], { attribute: [{ name: 'then_branch', g: body, type: 5 }] });
    const bytes = encodeModel(graphOf([branch], { initializer: [ints('c', [2 ** 35])] }));
    expect(refusal(bytes).code).toBe('inference.onnx_dimension_bomb');
  });

  test('graphs nested too deep are refused, up to depths that would break a recursive reader', () => {
    for (const depth of [9, 25]) {
      let graph = graphOf([relu]);
      for (let i = 0; i < depth; i += 1)
        graph = graphOf([node('If', ['c'], ['y'], { attribute: [{ name: 'then_branch', g: graph, type: 5 }] })]);
      expect(refusal(encodeModel(graph)).code).toBe('inference.onnx_too_deep');
    }
    // graph, node, attribute, graph, … written by hand, 3,000 deep
    let inner: Buffer = Buffer.alloc(0);
    for (let i = 2_999; i >= 0; i -= 1) inner = field([0x0a, 0x2a, 0x32][i % 3] ?? 0, inner);
    expect(refusal(Buffer.concat([Buffer.from([0x08, 0x08]), field(0x3a, inner)])).code).toBe(
      'inference.onnx_too_deep',
    );
  });

  test('more nodes than allowed are refused, counted after functions are inlined', () => {
    const many = graphOf(Array.from({ length: 11 }, () => relu));
    expect(refusal(encodeModel(many), { maxNodes: 10 }).code).toBe('inference.onnx_too_large');
    // each function calls the one before twice: 2^40 nodes out of 40 functions
    const functions = Array.from({ length: 40 }, (_, i) => ({
      name: `f${i}`,
      domain: 'mine',
      input: ['a'],
      output: ['b'],
      node: [0, 1].map(() => (i === 0 ? relu : node(`f${i - 1}`, ['a'], ['b'], { domain: 'mine' }))),
    }));
    const call = graphOf([node('f39', ['x'], ['y'], { domain: 'mine' })]);
    expect(refusal(encodeModel(call, { functions })).code).toBe('inference.onnx_too_large');
  });

  test('a function that calls itself is refused', () => {
    const loop = { name: 'f', domain: 'mine', node: [node('f', ['a'], ['b'], { domain: 'mine' })] };
    const call = graphOf([node('f', ['x'], ['y'], { domain: 'mine' })]);
    expect(refusal(encodeModel(call, { functions: [loop] })).code).toBe('inference.onnx_too_deep');
  });

  test('millions of empty messages are refused before they fill the memory', () => {
    const nodes = Buffer.alloc(2 * 5_000_000);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
    const bytes = Buffer.concat([Buffer.from([0x08, 0x08]), field(0x3a, nodes)]);
    expect(refusal(bytes).code).toBe('inference.onnx_too_large');
  });

  test('a file over the size limit is refused unread', () => {
    expect(refusal(logistic, { maxBytes: 1000 }).code).toBe('inference.onnx_too_large');
  });
});

describe('files whose values the protocol does not carry', () => {
  test('a sequence output is refused with a hint', () => {
    const output = [{ name: 'y', type: { sequenceType: { tensorType: { elemType: 1 } } } }];
    const error = refusal(encodeModel(graphOf([relu], { output })));
    expect(error.code).toBe('inference.onnx_type_unsupported');
    expect(error.message).toContain('zipmap');
  });

  test('complex numbers and missing shapes are refused', () => {
    expect(refusal(encodeModel(graphOf([relu], { input: [value('x', [-1], 14)] }))).code).toBe(
      'inference.onnx_type_unsupported',
    );
    const output = [{ name: 'y', type: { tensorType: { elemType: 1 } } }];
    expect(refusal(encodeModel(graphOf([relu], { output }))).message).toContain('declares no shape');
  });

  test('a tensor that holds more than it declares is refused', () => {
    const initializer = [{ name: 'w', dataType: 1, dims: [1], floatData: [1, 2, 3] }];
    expect(refusal(encodeModel(graphOf([relu], { initializer }))).code).toBe('inference.onnx_tensor_mismatch');
  });
});

/** A length-delimited field: its tag, its length, its bytes. */
function field(tag: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
