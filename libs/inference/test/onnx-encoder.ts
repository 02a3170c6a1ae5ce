import protobuf from 'protobufjs';

type Fields = Readonly<Record<string, unknown>>;

const repeated = (type: string, id: number, packed = false) => ({ rule: 'repeated', type, id, options: { packed } });
const one = (type: string, id: number) => ({ type, id });

/** An encoder of its own, by protobufjs's reflection, so that the tests don't share a descriptor with what they test. */
const root = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: one('int64', 1),
        producerName: one('string', 2),
        graph: one('Graph', 7),
        opsetImport: repeated('Opset', 8),
        metadataProps: repeated('Entry', 14),
        trainingInfo: repeated('Training', 20),
        functions: repeated('Func', 25),
      },
    },
    Training: { fields: { initialization: one('Graph', 1), algorithm: one('Graph', 2) } },
    Opset: { fields: { domain: one('string', 1), version: one('int64', 2) } },
    Entry: { fields: { key: one('string', 1), value: one('string', 2) } },
    Graph: {
      fields: {
        node: repeated('Node', 1),
        name: one('string', 2),
        initializer: repeated('Tensor', 5),
        input: repeated('Value', 11),
        output: repeated('Value', 12),
        sparseInitializer: repeated('Sparse', 15),
      },
    },
    Node: {
      fields: {
        input: repeated('string', 1),
        output: repeated('string', 2),
        opType: one('string', 4),
        attribute: repeated('Attribute', 5),
        domain: one('string', 7),
      },
    },
    Attribute: {
      fields: {
        name: one('string', 1),
        i: one('int64', 3),
        t: one('Tensor', 5),
        g: one('Graph', 6),
        floats: repeated('float', 7),
        ints: repeated('int64', 8),
        type: one('int32', 20),
      },
    },
    Tensor: {
      fields: {
        dims: repeated('int64', 1),
        dataType: one('int32', 2),
        floatData: repeated('float', 4, true),
        int64Data: repeated('int64', 7, true),
        name: one('string', 8),
        rawData: one('bytes', 9),
        externalData: repeated('Entry', 13),
        dataLocation: one('int32', 14),
      },
    },
    Sparse: { fields: { values: one('Tensor', 1), indices: one('Tensor', 2), dims: repeated('int64', 3) } },
    Value: { fields: { name: one('string', 1), type: one('Type', 2) } },
    Type: { fields: { tensorType: one('TensorType', 1), sequenceType: one('Type', 4) } },
    TensorType: { fields: { elemType: one('int32', 1), shape: one('Shape', 2) } },
    Shape: { fields: { dim: repeated('Dim', 1) } },
    Dim: { fields: { dimValue: one('int64', 1), dimParam: one('string', 2) } },
    Func: {
      fields: {
        name: one('string', 1),
        input: repeated('string', 4),
        output: repeated('string', 5),
        node: repeated('Node', 7),
        domain: one('string', 10),
      },
    },
  },
});

const Model = root.lookupType('Model');

/** A tensor value by name; −1 is a dimension that varies. */
export function value(name: string, shape: readonly number[], elemType = 1): Fields {
  const dim = shape.map((size) => (size === -1 ? { dimParam: 'n' } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

export function node(opType: string, input: readonly string[], output: readonly string[], more: Fields = {}): Fields {
  return { opType, input, output, ...more };
}

/** An int64 initializer or constant. */
export function ints(name: string, values: readonly number[]): Fields {
  return { name, dataType: 7, dims: [values.length], int64Data: values };
}

/** A graph `x[-1,4] → y[-1,4]`. */
export function graphOf(nodes: readonly Fields[], more: Fields = {}): Fields {
  return { node: nodes, input: [value('x', [-1, 4])], output: [value('y', [-1, 4])], ...more };
}

/** An ONNX file. */
export function encodeModel(graph: Fields, more: Fields = {}): Buffer {
  const fields = { irVersion: 8, producerName: 'test', opsetImport: [{ version: 17 }], graph, ...more };
  return Buffer.from(Model.encode(Model.fromObject(fields)).finish());
}
