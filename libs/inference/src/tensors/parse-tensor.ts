import type { ProblemDetail, ProblemError } from '@myriad/kernel';
import { inferenceProblem } from '../inference-problem.js';
import { isBinaryFault, readBinary } from './binary-values.js';
import { isValueFault, parseValues } from './parse-values.js';
import { elementCount, shapeText, type Tensor, type TensorData, type TensorSpecView } from './tensor.js';

/** Collects the faults of one request; the first names its code. */
export class Faults {
  private readonly details: ProblemDetail[] = [];
  private code: string | undefined;

  get isEmpty(): boolean {
    return this.code === undefined;
  }

  add(code: string, pointer: string, detail: string): void {
    this.code ??= code;
    // twenty are enough to see what is wrong, and names may be as long as the request
    if (this.details.length < 20) this.details.push({ pointer: pointer.slice(0, 200), detail: detail.slice(0, 500) });
  }

  toProblem(): ProblemError {
    const detail = this.details.map((item) => item.detail).join('; ');
    return inferenceProblem('invalid', this.code ?? 'request_invalid', detail.slice(0, 2_000), {
      errors: this.details,
    });
  }
}

/** JSON Pointer's escapes (RFC 6901 §3) are not needed for indexes and fixed names. */
export interface TensorPlace {
  /** Pointer of the tensor's object, e.g. `/inputs/0`. */
  readonly pointer: string;
  /** `input 'month'`: how messages name it. */
  readonly label: string;
  /** Its values, when they came as bytes rather than as JSON. */
  readonly blob?: Uint8Array | undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A V2 JSON tensor against its spec; undefined when it is wrong, and then `faults` says why. */
export function parseTensor(
  sent: Readonly<Record<string, unknown>>,
  spec: TensorSpecView,
  place: TensorPlace,
  faults: Faults,
): Tensor | undefined {
  const { pointer, label } = place;
  if (sent['datatype'] !== spec.datatype) {
    faults.add(
      'datatype_mismatch',
      `${pointer}/datatype`,
      `${label} was sent as ${String(sent['datatype'])}; the model takes ${spec.datatype}`,
    );
    return undefined;
  }
  const shape = parseShape(sent['shape'], spec, place, faults);
  if (shape === undefined) return undefined;
  const { datatype } = spec;
  const data =
    place.blob === undefined
      ? jsonData(sent, { datatype, shape }, place, faults)
      : binaryData(sent, { datatype, shape }, place, faults);
  return data === undefined ? undefined : { datatype, shape, data };
}

type Announced = Pick<Tensor, 'datatype' | 'shape'>;

function binaryData(
  sent: Readonly<Record<string, unknown>>,
  { datatype, shape }: Announced,
  { pointer, label, blob = new Uint8Array() }: TensorPlace,
  faults: Faults,
): TensorData | undefined {
  if ((sent['data'] ?? undefined) !== undefined) {
    faults.add('binary_invalid', `${pointer}/data`, `${label} has both 'data' and 'binary_data_size'; send one`);
    return undefined;
  }
  const read = readBinary(datatype, blob, elementCount(shape));
  if (!isBinaryFault(read)) return read;
  faults.add(
    read.code,
    `${pointer}/parameters/binary_data_size`,
    `${label}, shape ${shapeText(shape)}: ${read.detail}`,
  );
  return undefined;
}

function jsonData(
  sent: Readonly<Record<string, unknown>>,
  { datatype, shape }: Announced,
  place: TensorPlace,
  faults: Faults,
): TensorData | undefined {
  const { pointer, label } = place;
  const values = flatValues(sent['data'], shape, place, faults);
  if (values === undefined) return undefined;
  const data = parseValues(datatype, values);
  if (isValueFault(data)) {
    faults.add('value_invalid', `${pointer}/data/${data.index}`, `${label}, value ${data.index}: ${data.detail}`);
    return undefined;
  }
  return data;
}

function parseShape(sent: unknown, spec: TensorSpecView, place: TensorPlace, faults: Faults): number[] | undefined {
  const pointer = `${place.pointer}/shape`;
  if (
    !Array.isArray(sent) ||
    !sent.every((size): size is number => Number.isSafeInteger(size) && (size as number) >= 0)
  ) {
    faults.add('shape_mismatch', pointer, `${place.label} needs 'shape', a list of whole numbers from 0`);
    return undefined;
  }
  const fits = sent.length === spec.shape.length && spec.shape.every((size, i) => size === -1 || size === sent[i]);
  if (!fits) {
    faults.add(
      'shape_mismatch',
      pointer,
      `${place.label} was sent with shape ${shapeText(sent)}; the model takes ${shapeText(spec.shape)} (-1 = any)`,
    );
    return undefined;
  }
  return sent;
}

/** The protocol allows flat values or lists nested as the shape says. */
function flatValues(
  sent: unknown,
  shape: readonly number[],
  place: TensorPlace,
  faults: Faults,
): readonly unknown[] | undefined {
  const pointer = `${place.pointer}/data`;
  if (!Array.isArray(sent)) {
    faults.add('request_invalid', pointer, `${place.label} needs 'data', a list of values`);
    return undefined;
  }
  const expected = elementCount(shape);
  const values: readonly unknown[] | undefined = Array.isArray(sent[0]) ? flatten(sent, shape) : sent;
  if (values === undefined) {
    faults.add('shape_mismatch', pointer, `${place.label}: the nested lists don't follow shape ${shapeText(shape)}`);
    return undefined;
  }
  if (values.length !== expected) {
    faults.add(
      'shape_mismatch',
      pointer,
      `${place.label} holds ${values.length} values; shape ${shapeText(shape)} says ${expected}`,
    );
    return undefined;
  }
  return values;
}

function flatten(sent: readonly unknown[], shape: readonly number[]): readonly unknown[] | undefined {
  let level: readonly unknown[] = [sent];
  for (const size of shape) {
    const next: unknown[] = [];
    for (const list of level) {
      if (!Array.isArray(list) || list.length !== size) return undefined;
      for (const item of list as readonly unknown[]) next.push(item);
    }
    level = next;
  }
  return level;
}
