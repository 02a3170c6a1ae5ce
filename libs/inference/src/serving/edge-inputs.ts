import {
  elementCount,
  newTensorData,
  newTensorMap,
  type SignatureView,
  type Tensor,
  type TensorMap,
} from '../tensors/tensor.js';

/** Floats at which computations part ways: a row of each, and single cells. */
const EDGE_FLOATS = [0, -0, NaN, Infinity, -Infinity, 1, -1, 0.5, 1e-45, -1e-45, 1e-7];
/** Only in single cells: sums of several such numbers depend on the order of their terms, in the runtime too. */
const LARGE_FLOATS = [1e30, -1e30, 1e9, 16_777_217];

/** A small generator of our own: the same rows at each admission. xorshift32. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What a model's own weights say of where it changes its mind: thresholds of trees, offsets, categories. */
export interface Landmarks {
  readonly floats: readonly number[];
  readonly integers: readonly number[];
  readonly texts: readonly string[];
}

const STRANGE_TEXTS = ['', ' ', '0', 'ä€𝄞', 'no such category'];

/**
 * Rows for comparing ways to run a model: recorded-like small numbers, edge values in single cells and in whole rows, and values at and beside the model's own landmarks.
 * Shapes follow the signature; sizes that vary other than the first are 1.
 */
export function edgeInputs(signature: SignatureView, landmarks: Landmarks, rows: number, seed = 1): TensorMap {
  const random = randomNumbers(seed);
  const inputs = newTensorMap();
  for (const { name, datatype, shape } of signature.inputs) {
    const sizes = shape.map((size, i) => (size >= 0 ? size : i === 0 ? rows : 1));
    const width = elementCount(sizes.slice(1));
    const data = newTensorData(datatype, elementCount(sizes));
    for (let i = 0; i < data.length; i += 1)
      data[i] = valueFor(datatype, {
        random,
        landmarks,
        row: Math.floor(i / width),
        column: i % width,
        width,
      });
    inputs[name] = { datatype, shape: sizes, data };
  }
  return inputs;
}

interface Cell {
  readonly random: () => number;
  readonly landmarks: Landmarks;
  readonly row: number;
  readonly column: number;
  readonly width: number;
}

function pickFrom<T>(list: readonly T[], random: () => number): T | undefined {
  return list[Math.floor(random() * list.length)];
}

function valueFor(datatype: Tensor['datatype'], cell: Cell): number | bigint | string {
  switch (datatype) {
    case 'BYTES':
      return textFor(cell);
    case 'FP32':
    case 'FP64':
      return floatFor(cell);
    // as UINT64 what is below 0 wraps: those are the largest numbers that there are
    case 'INT64':
    case 'UINT64':
      return BigInt(integerFor(cell));
    case 'FP16':
    case 'BF16':
      return Math.floor(cell.random() * 0x3c00);
    case 'BOOL':
      return cell.random() < 0.5 ? 0 : 1;
    default:
      return integerFor(cell);
  }
}

const largeColumn = (row: number, width: number): number => Math.floor(row / 6) % width;

/** A third of the rows are plain, a third have some edge values, a third stand at landmarks; the first rows are one edge value throughout. */
function floatFor({ random, landmarks, row, column, width }: Cell): number {
  const edge = EDGE_FLOATS[row];
  if (edge !== undefined) return edge;
  const plain = (random() + random() + random() + random() - 2) * 2;
  const chance = random();
  if (row % 6 === 1 && column === largeColumn(row, width)) return pickFrom(LARGE_FLOATS, random) ?? 0;
  if (row % 6 === 4 && chance < 0.2) return pickFrom(EDGE_FLOATS, random) ?? 0;
  if (row % 3 === 2 && chance < 0.7) {
    const landmark = pickFrom(landmarks.floats, random) ?? plain;
    return landmark + (pickFrom([0, 0, 1e-6, -1e-6, 1, -1], random) ?? 0) * Math.max(1, Math.abs(landmark));
  }
  return plain;
}

function integerFor({ random, landmarks, row }: Cell): number {
  if (row === 0) return 0;
  if (random() < 0.6) return pickFrom(landmarks.integers, random) ?? Math.floor(random() * 10);
  return Math.floor((random() - 0.3) * 20);
}

function textFor({ random, landmarks }: Cell): string {
  if (random() < 0.7) return pickFrom(landmarks.texts, random) ?? 'a';
  return pickFrom(STRANGE_TEXTS, random) ?? '';
}
