import { ProblemError } from '@myriad/kernel';
import { attributeOf, type ProtoGraph, type ProtoModel, type ProtoTensor } from './onnx-proto.js';
import { liftAttributes } from './lift-attributes.js';
import { isWeight, MAX_STRUCTURE_ELEMENTS } from './lift-rules.js';
import { canonicalNames } from './canonical-names.js';
import { readOnnxProto } from './read-onnx-proto.js';
import { writeSafetensors, type WeightTensor } from './safetensors.js';
import { makeSkeleton, type Skeleton, type WeightSpec } from './skeleton.js';
import { poolStrings } from './string-pool.js';
import { rawTensor, STRING_TYPE, tensorBytes } from './tensor-bytes.js';
import { Unsplittable, unsplittable } from './unsplittable.js';

export interface SplitModel {
  readonly skeleton: Skeleton;
  /** safetensors. */
  readonly weights: Uint8Array;
}

/** Larger files stay whole. */
const MAX_BYTES = 64 * 1_048_576;
/** Canonical files say the IR version from which on our form is understood; newer files keep theirs. */
const MIN_IR_VERSION = 8;

/** Collects what is lifted, under names in the order of first use. */
export class Lifted {
  readonly tensors: WeightTensor[] = [];
  readonly specs: WeightSpec[] = [];
  private count = 0;

  constructor(private readonly prefix: string) {}

  nextName(): string {
    this.count += 1;
    return `${this.prefix}w${this.count - 1}`;
  }

  /** `isFree`: lengths differ between models of one skeleton. */
  add(tensor: WeightTensor, isFree = false): void {
    const { name, dtype, shape } = tensor;
    this.tensors.push(tensor);
    this.specs.push({ name, dtype, shape: isFree ? shape.map(() => -1) : shape });
  }

  addStrings(name: string, strings: readonly Uint8Array[], isFree = false): void {
    for (const part of poolStrings(name, strings)) this.add(part, isFree || part.name.endsWith('.units'));
  }
}

/**
 * Splits an ONNX file into its skeleton and its weights. Models of equal shape give the same skeleton, byte for byte.
 * @throws {Unsplittable} with the reason why the model stays whole.
 */
export function splitModel(file: Uint8Array): SplitModel {
  if (file.length > MAX_BYTES) unsplittable(`${file.length} bytes; at most ${MAX_BYTES} are split`);
  const { model, graph } = read(file);
  const prefix = canonicalNames(graph);
  const lifted = new Lifted(prefix);
  const kept = new Map<string, ProtoTensor>();
  const renamed = new Map<string, string>();
  const byName = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((name) => {
      const tensor = byName.get(name);
      if (tensor === undefined) return name;
      const known = renamed.get(name);
      if (known !== undefined) return known;
      const given = liftInitializer(graph, tensor, lifted, kept) ?? keep(tensor, `${prefix}c${kept.size}`, kept);
      renamed.set(name, given);
      return given;
    });
    liftAttributes(node, lifted);
    node.attributes.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  const used = new Set(graph.nodes.map(({ domain }) => domain));
  const canonical: ProtoModel = {
    irVersion: Math.max(MIN_IR_VERSION, model.irVersion),
    opsets: opsetsOf(model, used),
    graph: { ...graph, initializers: [...kept.values()] },
    metadata: [],
  };
  return { skeleton: makeSkeleton(canonical, lifted.specs), weights: writeSafetensors(lifted.tensors) };
}

/** Operator sets that are used, each once. */
function opsetsOf(model: ProtoModel, used: ReadonlySet<string>): ProtoModel['opsets'] {
  const versions = new Map(model.opsets.map(({ domain, version }) => [domain, version]));
  return [...versions]
    .filter(([domain]) => used.has(domain))
    .map(([domain, version]) => ({ domain, version }))
    .sort((a, b) => (a.domain < b.domain ? -1 : 1));
}

/** Reads the file; constants become initializers, inputs that have one are no inputs, and outputs are made by nodes. */
function read(file: Uint8Array): { model: ProtoModel; graph: ProtoGraph } {
  let model: ProtoModel;
  try {
    model = readOnnxProto(file);
  } catch (error) {
    if (error instanceof ProblemError || error instanceof Unsplittable) throw error;
    throw new Unsplittable(error instanceof Error ? error.message : String(error));
  }
  if (model.graph === undefined) unsplittable('no graph');
  const all = model.graph;
  if (all.nodes.some((node) => node.attributes.some(({ reference }) => reference !== '')))
    unsplittable('a reference outside of a function');
  const constants = all.nodes.flatMap((node) => {
    if (node.opType !== 'Constant' || node.domain !== '') return [];
    const tensor = attributeOf(node, 'value')?.tensor;
    if (tensor === undefined) unsplittable('a constant that is no tensor');
    return [{ ...tensor, name: node.outputs[0] ?? '' }];
  });
  const initializers = [...all.initializers, ...constants];
  const preset = new Set(initializers.map(({ name }) => name));
  const nodes = all.nodes.filter((node) => node.opType !== 'Constant' || node.domain !== '');
  const inputs = all.inputs.filter(({ name }) => !preset.has(name));
  const { outputs } = all;
  if (outputs.some(({ name }) => preset.has(name))) unsplittable('an output that is a constant');
  return { model, graph: { nodes, initializers, inputs, outputs } };
}

function liftInitializer(
  graph: ProtoGraph,
  tensor: ProtoTensor,
  lifted: Lifted,
  kept: ReadonlyMap<string, ProtoTensor>,
): string | undefined {
  if (kept.has(tensor.name)) return undefined;
  if (tensor.dataType === STRING_TYPE) {
    if (!isWeight(graph, tensor.name, 'STRING')) unsplittable('strings that are no table of labels');
    const name = lifted.nextName();
    lifted.addStrings(name, tensor.strings);
    return name;
  }
  const { dtype, bytes } = tensorBytes(tensor);
  if (!isWeight(graph, tensor.name, dtype)) return undefined;
  const name = lifted.nextName();
  lifted.add({ name, dtype, shape: tensor.dims, bytes });
  return name;
}

function keep(tensor: ProtoTensor, name: string, kept: Map<string, ProtoTensor>): string {
  const { dtype, bytes } = tensorBytes(tensor);
  if (tensor.dims.reduce((product, size) => product * size, 1) > MAX_STRUCTURE_ELEMENTS)
    unsplittable(`tensor '${tensor.name}' of ${tensor.dims.join(' × ')} integers is no weight`);
  kept.set(name, rawTensor(name, dtype, tensor.dims, bytes));
  return name;
}
