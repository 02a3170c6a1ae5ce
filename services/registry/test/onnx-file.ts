/** Writes small ONNX files by hand, in the wire format of Protocol Buffers. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

const int = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)]);
function part(field: number, ...content: readonly (Buffer | string)[]): Buffer {
  const bytes = Buffer.concat(content.map((piece) => Buffer.from(piece)));
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

/** A FP32 value; a dimension that varies is −1. */
function value(field: number, name: string, shape: readonly number[]): Buffer {
  const dims = shape.map((size) => part(1, size < 0 ? part(2, 'n') : int(1, size)));
  return part(field, part(1, name), part(2, part(1, int(1, 1), part(2, ...dims))));
}

/** A file `y = operator(x)` over `[n, width]`, with this initializer when it is given. */
export function onnxFile(
  operator: string,
  { width = 4, initializer = Buffer.alloc(0) }: { width?: number; initializer?: Buffer } = {},
): Buffer {
  const node = part(1, part(1, 'x'), part(2, 'y'), part(4, operator));
  const graph = [node, part(2, 'g'), initializer, value(11, 'x', [-1, width]), value(12, 'y', [-1, width])];
  return Buffer.concat([int(1, 8), part(7, ...graph), part(8, int(2, 17))]);
}

/** A node `output = operator(inputs)`; `attribute`: its only one. */
function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attribute: Buffer = Buffer.alloc(0),
): Buffer {
  return part(1, ...inputs.map((name) => part(1, name)), part(2, output), part(4, operator), attribute);
}

/** A file whose only node has an attribute with a graph, whose only node has one again, and so on. */
export function nested(depth: number): Buffer {
  // from the inside to the outside; prepending keeps it linear
  const heads: Buffer[] = [];
  let size = 0;
  const around = (field: number): void => {
    const head = Buffer.concat([varint((field << 3) | 2), varint(size)]);
    heads.push(head);
    size += head.length;
  };
  for (let level = 0; level < depth; level += 1) {
    // AttributeProto.g, NodeProto.attribute, GraphProto.node
    for (const field of [6, 5, 1]) around(field);
  }
  around(7);
  return Buffer.concat([int(1, 8), ...heads.reverse(), part(8, int(2, 17))]);
}

/** An initializer of whole numbers. */
function integers(name: string, values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [at, one] of values.entries()) bytes.writeBigInt64LE(BigInt(one), 8 * at);
  return part(5, int(1, values.length), int(2, 7), part(8, name), part(9, bytes));
}

/** A file of some hundred bytes that makes a square of so many rows and columns of zeros, multiplies it by itself so often, and adds its greatest value to x. */
export function exploding({ size, products = 0 }: { readonly size: number; readonly products?: number }): Buffer {
  const chain = Array.from({ length: products }, (_, at) => node('MatMul', [`c${at}`, 'c0'], `c${at + 1}`));
  const graph = [
    // computed, so that no reading of the file alone says how large it gets
    node('Mul', ['thousands', 'thousand'], 'size'),
    node('ConstantOfShape', ['size'], 'c0'),
    ...chain,
    node('ReduceMax', [`c${products}`], 'm'),
    node('Add', ['x', 'm'], 'y'),
    part(2, 'g'),
    integers('thousands', [size / 1_000, size / 1_000]),
    integers('thousand', [1_000]),
    value(11, 'x', [-1, 1]),
    value(12, 'y', [-1, 1]),
  ];
  return Buffer.concat([int(1, 8), part(7, ...graph), part(8, int(2, 17))]);
}

/** A file that adds to x the greatest of as many zeros as the numbers of x say: none while it is tried on zeros, any amount of memory later. */
export function swelling(): Buffer {
  const toInt64 = part(5, part(1, 'to'), int(3, 7), int(20, 2));
  const graph = [
    node('Cast', ['x'], 'wished', toInt64),
    node('ReduceMax', ['wished'], 'most'),
    node('Reshape', ['most', 'one'], 'size'),
    node('ConstantOfShape', ['size'], 'zeros'),
    node('ReduceSum', ['zeros'], 'sum'),
    node('Add', ['x', 'sum'], 'y'),
    part(2, 'g'),
    integers('one', [1]),
    value(11, 'x', [-1, 1]),
    value(12, 'y', [-1, 1]),
  ];
  return Buffer.concat([int(1, 8), part(7, ...graph), part(8, int(2, 17))]);
}

/** A file that divides the whole numbers of x by −1: that ends the process where they are the least there is, −9.3e18. */
export function trapping(): Buffer {
  const to = (type: number): Buffer => part(5, part(1, 'to'), int(3, type), int(20, 2));
  const graph = [
    node('Cast', ['x'], 'whole', to(7)),
    node('Neg', ['one'], 'minus'),
    node('Div', ['whole', 'minus'], 'quotient'),
    node('Cast', ['quotient'], 'y', to(1)),
    part(2, 'g'),
    integers('one', [1]),
    value(11, 'x', [-1, 1]),
    value(12, 'y', [-1, 1]),
  ];
  return Buffer.concat([int(1, 8), part(7, ...graph), part(8, int(2, 17))]);
}

/** An initializer whose values are said to lie in another file. */
export function externalData(location: string): Buffer {
  return part(5, int(1, 4), int(2, 1), part(8, 'w'), part(13, part(1, 'location'), part(2, location)), int(14, 1));
}

/** An initializer that declares far more than it holds. */
export function bomb(): Buffer {
  return part(5, int(1, 2 ** 40), int(1, 2 ** 40), int(2, 1), part(8, 'w'), part(9, Buffer.alloc(8)));
}
