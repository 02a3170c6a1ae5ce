import { binaryOf, readBinary, isBinaryFault, type Datatype, type Signature, type TensorData } from '@myriad/inference';
import { jsonValues, type Sent, type SentTensor } from '../protocol/forms.js';
import type { Random } from '../random.js';

/** A request that fits a model which gives back what it takes: `in <name>` as `out <name>`. */
export interface EchoCase {
  readonly signature: Signature;
  readonly sent: Sent;
}

const WIDTHS: Readonly<Record<Datatype, number>> = {
  ...{ BOOL: 1, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8, INT8: 1, INT16: 2, INT32: 4, INT64: 8 },
  ...{ FP16: 2, BF16: 2, FP32: 4, FP64: 8, BYTES: 0 },
};
const DATATYPES = Object.keys(WIDTHS) as Datatype[];
const NAMES = ['x', 'é"\\', '__proto__', 'constructor', 'a/b~c', '0', 'x'.repeat(300), '\u2028', '𝄞'];
const TEXTS = ['', 'a', 'ü', '"\\/', '\n\t\u0001', '𝄞', '\u2028', 'null', '<script>', 'x'.repeat(200)];

export const inputName = (name: string): string => `in ${name}`;
export const outputName = (input: string): string => input.replace('in ', 'out ');

/** Some tensors of one model; few rows, now and then thousands. */
export function makeCase(random: Random): EchoCase {
  const rows = random.chance(0.02) ? random.int(1_000, 5_000) : random.int(1, 5);
  const inputs = random
    .shuffled(NAMES)
    .slice(0, random.int(1, 4))
    .map((name) => makeTensor(random, inputName(name), rows));
  const outputs = inputs.map(({ sent, spec }) => ({ ...spec, name: outputName(sent.name) }));
  const asked = random.shuffled(outputs.map(({ name }) => name)).slice(0, random.int(0, outputs.length));
  return {
    signature: { inputs: inputs.map(({ spec }) => spec), outputs },
    sent: {
      inputs: random.shuffled(inputs.map(({ sent }) => sent)),
      ...(random.chance(0.5) && asked.length > 0 ? { outputs: asked } : {}),
      ...(random.chance(0.3) ? { id: random.pick(TEXTS.filter((text) => text !== '')) } : {}),
    },
  };
}

function makeTensor(random: Random, name: string, rows: number): { sent: SentTensor; spec: Signature['inputs'][0] } {
  const datatype = random.pick(DATATYPES);
  const inner = Array.from({ length: rows > 5 ? random.int(0, 1) : random.int(0, 3) }, () => random.int(1, 4));
  const hasRows = random.chance(0.9);
  const shape = hasRows ? [rows, ...inner] : inner;
  const spec = {
    name,
    datatype,
    shape: shape.map((size, i) => ((i === 0 && hasRows) || random.chance(0.2) ? -1 : size)),
  };
  // what is not the batch but varies in front would be taken for it
  if (!hasRows && spec.shape[0] === -1) spec.shape[0] = shape[0] as number;
  const count = shape.reduce((product, size) => product * size, 1);
  return { sent: { name, datatype, shape, data: valuesOf(random, datatype, count) }, spec };
}

function valuesOf(random: Random, datatype: Datatype, count: number): TensorData {
  if (datatype === 'BYTES') return Array.from({ length: count }, () => random.pick(TEXTS));
  const bytes = random.bytes(count * WIDTHS[datatype]);
  const isPlain = random.chance(0.5);
  if (datatype === 'BOOL') for (const [i, byte] of bytes.entries()) bytes[i] = byte & 1;
  // small whole numbers of 64 bits, and floats that are none of the strange ones: those that JSON can say
  if (isPlain && (datatype === 'INT64' || datatype === 'UINT64'))
    for (let i = 0; i < count; i += 1) bytes.writeUInt16LE(0, 8 * i + 6);
  if (isPlain && datatype.includes('F'))
    for (let i = 1; i <= count; i += 1) bytes[i * WIDTHS[datatype] - 1] = random.pick([0x3c, 0xbc, 0x40, 0x00, 0x80]);
  const values = readBinary(datatype, bytes, count);
  if (isBinaryFault(values)) throw new Error(values.detail);
  return values;
}

/** Whether JSON can say every value: no infinities, no integers beyond 53 bits. */
export function isJsonable({ inputs }: Sent): boolean {
  return inputs.every(({ datatype, data }) => {
    if (Array.isArray(data) || datatype === 'BOOL') return true;
    if (datatype === 'INT64' || datatype === 'UINT64')
      return (data as BigInt64Array).every((value) => value <= 2n ** 53n - 1n && value >= -(2n ** 53n) + 1n);
    return jsonValues({ datatype, data }).every((value) => value === 'null' || Number.isFinite(Number(value)));
  });
}

/** What stands for a tensor's bits in comparisons. */
export function bitsOf(data: TensorData): string {
  return Buffer.from(binaryOf({ data })).toString('hex');
}
