import type { Datatype } from '@myriad/inference';
import type { HttpForm, Sent, SentTensor } from '../protocol/forms.js';
import type { Random } from '../random.js';

/*
 * Three ways to spoil a request: what it means (all forms must then agree), the JSON's structure, and bytes.
 */

const OTHER_SIZES = [0, 1, 2, 3, 17, 100_000, 100_001, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 31)];
const JUNK: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, 2 ** 53, -(2 ** 63), '', 'x', 'NaN', '__proto__', 'FP32', 'BYTES'],
  ...[[], {}, [[]], [null], ['x'], { binary_data_size: 1 }, { name: 'x' }, { classification: 1 }, { length: 2 }],
];
const DATATYPES: readonly Datatype[] = ['BOOL', 'UINT8', 'UINT64', 'INT32', 'INT64', 'FP16', 'BF16', 'FP32', 'BYTES'];

/** A request that says something else; perhaps something right. */
export function spoilMeaning(random: Random, sent: Sent): Sent {
  const at = random.int(0, sent.inputs.length - 1);
  const change = (tensor: Partial<SentTensor>): Sent => ({
    ...sent,
    inputs: sent.inputs.map((input, i) => (i === at ? { ...input, ...tensor } : input)),
  });
  const { shape, data, name } = sent.inputs[at]!;
  switch (random.int(0, 8)) {
    case 0:
      return change({ shape: shape.map((size) => (random.chance(0.5) ? random.pick(OTHER_SIZES) : size)) });
    case 1:
      return change({ shape: random.chance(0.5) ? shape.slice(1) : [...shape, random.int(1, 2)] });
    case 2:
      return change({ shape: random.shuffled(shape) });
    case 3:
      return change({ data: data.slice(0, random.int(0, data.length)) });
    case 4:
      return change({
        data: Array.isArray(data) ? [...data, 'x'] : data.slice(1),
        name: random.pick([name, 'in ', '']),
      });
    case 5:
      return { ...sent, inputs: sent.inputs.filter((_, i) => i !== at) };
    case 6:
      return { ...sent, inputs: [...sent.inputs, sent.inputs[at]!] };
    case 7:
      return {
        ...sent,
        outputs: [...(sent.outputs ?? []), random.pick([name, 'out x', 'toString', name.replace('in ', 'out ')])],
      };
    default:
      return { ...sent, inputs: random.shuffled(sent.inputs) };
  }
}

/** The JSON of a body with a member or two replaced, gone, twice, renamed or nested; the bytes behind it stay. */
export function spoilJson(random: Random, { body, headerLength }: HttpForm): HttpForm {
  const length = headerLength === undefined ? body.length : Number(headerLength);
  let json = JSON.parse(body.subarray(0, length).toString()) as unknown;
  for (let i = random.int(1, 3); i > 0; i -= 1) json = spoilNode(random, json);
  const head = Buffer.from(JSON.stringify(json));
  const bytes = Buffer.concat([head, body.subarray(length)]);
  return headerLength === undefined ? { body: bytes } : { body: bytes, headerLength: String(head.length) };
}

/** A JSON value with one thing in it replaced, gone, twice, renamed or nested. */
export function spoilNode(random: Random, node: unknown, depth = 0): unknown {
  if (typeof node !== 'object' || node === null || random.chance(depth * 0.08)) return junkFor(random, node);
  return Array.isArray(node) ? spoilList(random, node, depth) : spoilObject(random, node, depth);
}

function spoilList(random: Random, list: readonly unknown[], depth: number): unknown {
  if (list.length === 0) return [junkFor(random, list)];
  const at = random.int(0, list.length - 1);
  if (random.chance(0.1)) return list.filter((_, i) => i !== at);
  if (random.chance(0.1)) return [...list, list[at]];
  return list.map((item, i) => (i === at ? spoilNode(random, item, depth + 1) : item));
}

function spoilObject(random: Random, node: object, depth: number): unknown {
  const entries = Object.entries(node) as (readonly [string, unknown])[];
  if (entries.length === 0 || random.chance(0.05))
    return { ...node, [random.pick(['x', 'data', 'parameters'])]: junkFor(random, 0) };
  const at = random.int(0, entries.length - 1);
  if (random.chance(0.1)) return Object.fromEntries(entries.filter((_, i) => i !== at));
  if (random.chance(0.05))
    return Object.fromEntries(entries.map(([key, value], i) => [i === at ? `${key}s` : key, value]));
  return Object.fromEntries(
    entries.map(([key, value], i) => [key, i === at ? spoilNode(random, value, depth + 1) : value]),
  );
}

function junkFor(random: Random, node: unknown): unknown {
  if (typeof node === 'number' && random.chance(0.5))
    return random.pick([node + 1, node - 1, -node, node * 1e6, node + 0.5]);
  if (typeof node === 'string' && random.chance(0.3)) return random.pick(DATATYPES);
  if (random.chance(0.03)) return Array.from({ length: 100 }).reduce<unknown>((inner) => [inner], node);
  return random.pick(JUNK);
}

/** Bytes changed, gone, doubled or put in, anywhere. */
export function spoilBytes(random: Random, bytes: Buffer): Buffer {
  let spoilt = Buffer.from(bytes);
  for (let i = random.int(1, 4); i > 0 && spoilt.length > 0; i -= 1) {
    const at = random.int(0, spoilt.length - 1);
    const to = Math.min(spoilt.length, at + random.int(1, 8));
    const parts = {
      change: () => (spoilt[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.int(0, 255)])),
      flip: () => (spoilt[at] = spoilt[at]! ^ (1 << random.int(0, 7))),
      drop: () => (spoilt = Buffer.concat([spoilt.subarray(0, at), spoilt.subarray(to)])),
      cut: () => (spoilt = spoilt.subarray(0, at)),
      double: () => (spoilt = Buffer.concat([spoilt.subarray(0, to), spoilt.subarray(at)])),
      insert: () =>
        (spoilt = Buffer.concat([spoilt.subarray(0, at), random.bytes(random.int(1, 8)), spoilt.subarray(at)])),
    };
    parts[random.pick(['change', 'flip', 'drop', 'cut', 'double', 'insert'] as const)]();
  }
  return spoilt;
}

/** What the header says of a body's JSON: a little or wholly wrong. */
export function spoilHeader(random: Random, { body, headerLength }: HttpForm): HttpForm {
  const said = random.pick([
    ...['0', '', '-1', '+1', '1e3', '0x10', ' 7', '00', '9'.repeat(20), String(body.length), String(body.length + 1)],
    String(Number(headerLength ?? 0) + random.int(-3, 3)),
  ]);
  return { body, headerLength: said };
}
