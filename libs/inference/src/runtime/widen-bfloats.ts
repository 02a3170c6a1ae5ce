import protobuf from 'protobufjs/minimal.js';
import { halfBits, halfValue } from '../tensors/half-floats.js';
import { NativeTensor, type NativeSession, type NativeTensors } from './load-ort.js';

/*
 * The runtime computes with BF16, but its binding for Node takes and gives none. So inputs and outputs of that type become singles, which hold every BF16 exactly, and the
 * graph casts them: `x` is a value inside as before, and `<PREFIX>x` what goes in or comes out.
 */
const PREFIX = 'myriad.single.';
const [FLOAT, BFLOAT16] = [1, 16];
/** Fields of onnx.proto3 of length-delimited values: ModelProto, GraphProto, ValueInfoProto, TypeProto. */
const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, input: 11, output: 12 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE = { tensor: 1 } as const;

type Metadata = NativeSession['inputMetadata'];

/** Whether a session takes or gives BF16, and so has to be loaded again from what {@link widenBfloats} makes. */
export function speaksBfloat({ inputMetadata, outputMetadata }: NativeSession): boolean {
  return bfloatsOf(inputMetadata).size + bfloatsOf(outputMetadata).size > 0;
}

function bfloatsOf(metadata: Metadata): ReadonlySet<string> {
  return new Set(metadata.filter((value) => value.isTensor && value.type === BFLOAT16).map(({ name }) => name));
}

/** The file with the session's inputs and outputs of BF16 as singles. */
export function widenBfloats(file: Uint8Array, session: NativeSession): Uint8Array {
  const [inputs, outputs] = [bfloatsOf(session.inputMetadata), bfloatsOf(session.outputMetadata)];
  return rewritten(file, (field, graph) => {
    if (field !== MODEL.graph) return undefined;
    const writer = protobuf.Writer.create();
    for (const name of inputs) castNode(writer, { from: PREFIX + name, to: name, type: BFLOAT16 });
    const body = rewritten(graph, (part, value) => {
      if (part === GRAPH.input) return widenedValue(value, inputs);
      return part === GRAPH.output ? widenedValue(value, outputs) : undefined;
    });
    for (const name of outputs) castNode(writer, { from: name, to: PREFIX + name, type: FLOAT });
    return Buffer.concat([body, writer.finish()]);
  });
}

function widenedValue(value: Uint8Array, names: ReadonlySet<string>): Uint8Array | undefined {
  let name = '';
  rewritten(value, (field, text) => {
    if (field === VALUE.name) name = Buffer.from(text).toString();
    return undefined;
  });
  if (!names.has(name)) return undefined;
  return rewritten(value, (field, part) => {
    if (field === VALUE.name) return Buffer.from(PREFIX + name);
    if (field !== VALUE.type) return undefined;
    // of a number that stands twice the later one holds: `elem_type`, field 1, a varint
    return rewritten(part, (kind, tensor) =>
      kind === TYPE.tensor ? Buffer.concat([tensor, Buffer.from([0x08, FLOAT])]) : undefined,
    );
  });
}

/** NodeProto {input = 1, output = 2, op_type = 4, attribute = 5: {name = 1, i = 3, type = 20}} as a graph's `node`. */
function castNode(writer: protobuf.Writer, { from, to, type }: { from: string; to: string; type: number }): void {
  writer.uint32((GRAPH.node << 3) | 2).fork();
  writer.uint32(0x0a).string(from).uint32(0x12).string(to).uint32(0x22).string('Cast');
  writer.uint32(0x2a).fork().uint32(0x0a).string('to').uint32(0x18).int64(type);
  writer
    .uint32((20 << 3) | 0)
    .int32(2)
    .ldelim()
    .ldelim();
}

/** A message with other values for some of its length-delimited fields; where `change` gives none, the field stays. */
function rewritten(
  message: Uint8Array,
  change: (field: number, value: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const reader = protobuf.Reader.create(message);
  const parts: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if ((tag & 7) !== 2) reader.skipType(tag & 7);
    else {
      const other = change(tag >>> 3, reader.bytes());
      if (other !== undefined) {
        parts.push(protobuf.Writer.create().uint32(tag).bytes(other).finish());
        continue;
      }
    }
    parts.push(message.subarray(start, reader.pos));
  }
  return Buffer.concat(parts);
}

/** A session of a widened file under the names and types of the file before. */
export class BfloatSession implements NativeSession {
  readonly inputMetadata: Metadata;
  readonly outputMetadata: Metadata;

  constructor(private readonly widened: NativeSession) {
    this.inputMetadata = narrowed(widened.inputMetadata);
    this.outputMetadata = narrowed(widened.outputMetadata);
  }

  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: object): void {
    this.widened.loadModel(buffer, offset, length, options);
  }

  run(feeds: NativeTensors, fetches: Readonly<Record<string, null>>, options: object): NativeTensors {
    const [inputs, wanted] = [record<NativeTensor>(), record<null>()];
    for (const [name, tensor] of Object.entries(feeds))
      if (tensor.type === 'bfloat16') inputs[PREFIX + name] = toSingles(tensor);
      else inputs[name] = tensor;
    const outputs = bfloatsOf(this.outputMetadata);
    for (const name in fetches) wanted[outputs.has(name) ? PREFIX + name : name] = null;
    const results = this.widened.run(inputs, wanted, options);
    const answer = record<NativeTensor>();
    for (const name in fetches)
      answer[name] = outputs.has(name)
        ? toBfloats(results[PREFIX + name] as NativeTensor)
        : (results[name] as NativeTensor);
    return answer;
  }

  dispose(): void {
    this.widened.dispose();
  }
}

function narrowed(metadata: Metadata): Metadata {
  return metadata.map((value) =>
    value.isTensor && value.name.startsWith(PREFIX)
      ? { ...value, name: value.name.slice(PREFIX.length), type: BFLOAT16 }
      : value,
  );
}

function record<V>(): Record<string, V> {
  return Object.create(null) as Record<string, V>;
}

function toSingles({ data, dims }: NativeTensor): NativeTensor {
  return new NativeTensor(
    'float32',
    Float32Array.from(data as Uint16Array, (bits) => halfValue('BF16', bits)),
    dims,
  );
}

function toBfloats({ data, dims }: NativeTensor): NativeTensor {
  return new NativeTensor(
    'bfloat16',
    Uint16Array.from(data as Float32Array, (value) => halfBits('BF16', value)),
    dims,
  );
}
