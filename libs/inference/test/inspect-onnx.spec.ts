import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tempFolder } from '@myriad/testing';
import { describe, expect, test } from '@jest/globals';
import { classify, inspectOnnx, inspectOnnxBytes } from '../src/index.js';
import { encodeModel, graphOf, ints, node, value } from './onnx-encoder.js';

const fixture = (name: string): Buffer => readFileSync(`${import.meta.dirname}/fixtures/${name}`);

describe('inspectOnnx', () => {
  test('reads the signature of a pipeline with one input a column', () => {
    const { signature } = inspectOnnxBytes(fixture('logistic.onnx'));
    expect(signature.inputs).toEqual([
      { name: 'month', datatype: 'FP32', shape: [-1, 1] },
      { name: 'hour', datatype: 'FP32', shape: [-1, 1] },
      { name: 'distance', datatype: 'FP32', shape: [-1, 1] },
      { name: 'origin', datatype: 'BYTES', shape: [-1, 1] },
    ]);
    expect(signature.outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [-1] },
      { name: 'probability', datatype: 'FP32', shape: [-1] },
    ]);
  });

  test('lists operators by domain and counts the parameters that classical operators keep in attributes', () => {
    const logistic = inspectOnnxBytes(fixture('logistic.onnx'));
    expect(logistic.operators).toContain('ai.onnx.ml:LinearClassifier');
    expect(logistic.operators).toContain('ai.onnx:Concat');
    // two classes × (6 coefficients + 1 intercept), 3 imputed, 3 offsets, 3 scales
    expect(logistic.parameterCount).toBe(23);
    expect(inspectOnnxBytes(fixture('forest.onnx')).parameterCount).toBeGreaterThan(1_000);
    expect(inspectOnnxBytes(fixture('mlp.onnx')).parameterCount).toBe(8 * 16 + 16 + 16 * 16 + 16 + 16 + 1);
  });

  test('says the family and the size class', () => {
    expect(classify(inspectOnnxBytes(fixture('forest.onnx')))).toEqual({ family: 'tabular', sizeClass: 'small' });
    expect(classify(inspectOnnxBytes(fixture('mlp.onnx')))).toEqual({ family: 'neural', sizeClass: 'small' });
    const signature = { inputs: [], outputs: [] };
    expect(classify({ operators: ['my.domain:Foo'], sizeBytes: 2 ** 21, signature })).toEqual({
      family: 'other',
      sizeClass: 'medium',
    });
    expect(classify({ operators: ['ai.onnx:Conv'], sizeBytes: 2 ** 28, signature }).sizeClass).toBe('large');
  });

  test.each([
    { family: 'vision', operator: 'Conv', shape: [-1, 3, -1, -1], result: [-1, 2] },
    { family: 'ocr', operator: 'Conv', shape: [-1, 3, 48, -1], result: [-1, -1, 6625] },
    { family: 'text', operator: 'LayerNormalization', datatype: 'INT64', shape: [-1, -1], result: [-1, 384] },
    { family: 'sequence', operator: 'LSTM', shape: [-1, 576], result: [-1] },
    { family: 'neural', operator: 'Relu', shape: [-1, 8], result: [-1, 1] },
  ] as const)('a network is of family $family by what goes in and comes out', ({ family, operator, ...tensors }) => {
    const datatype = 'datatype' in tensors ? tensors.datatype : ('FP32' as const);
    const signature = {
      inputs: [{ name: 'x', datatype, shape: [...tensors.shape] }],
      outputs: [{ name: 'y', datatype: 'FP32' as const, shape: [...tensors.result] }],
    };
    const classified = classify({ operators: ['ai.onnx:MatMul', `ai.onnx:${operator}`], sizeBytes: 1, signature });
    expect(classified.family).toBe(family);
  });

  test('reads a file by its path', async () => {
    const folder = await tempFolder();
    const path = `${folder.path}/m.onnx`;
    await writeFile(path, fixture('mlp.onnx'));
    expect((await inspectOnnx(path)).nodeCount).toBe(6);
    await expect(inspectOnnx(path, { maxBytes: 100 })).rejects.toMatchObject({ code: 'inference.onnx_too_large' });
    await folder.remove();
  });

  test('leaves initializers out of the inputs, as files before IR version 4 list them', () => {
    const bytes = encodeModel(
      graphOf([node('Add', ['x', 'w'], ['y'])], {
        input: [value('x', [-1, 4]), value('w', [4])],
        initializer: [{ name: 'w', dataType: 1, dims: [4], floatData: [1, 2, 3, 4] }],
      }),
    );
    const inspection = inspectOnnxBytes(bytes);
    expect(inspection.signature.inputs.map((input) => input.name)).toEqual(['x']);
    expect(inspection.parameterCount).toBe(4);
  });

  test('lists the operators of branches and loop bodies', () => {
    const body = graphOf([node('Sin', ['x'], ['y'])]);
    const branch = graphOf([node('Loop', [], ['y'], { attribute: [{ name: 'body', g: body, type: 5 }] })]);
    const inspection = inspectOnnxBytes(
      encodeModel(graphOf([node('If', ['c'], ['y'], { attribute: [{ name: 'then_branch', g: branch, type: 5 }] })])),
    );
    expect(inspection.operators).toEqual(['ai.onnx:If', 'ai.onnx:Loop', 'ai.onnx:Sin']);
    expect(inspection.subgraphDepth).toBe(2);
  });

  test('lists the operators inside local functions rather than the functions', () => {
    const inspection = inspectOnnxBytes(
      encodeModel(graphOf([node('Twice', ['x'], ['y'], { domain: 'mine' })]), {
        functions: [
          { name: 'Twice', domain: 'mine', input: ['a'], output: ['b'], node: [node('Add', ['a', 'a'], ['b'])] },
        ],
      }),
    );
    expect(inspection.operators).toEqual(['ai.onnx:Add']);
    expect(inspection.functionCount).toBe(1);
  });

  test('a function that takes the name of an operator does not hide the operator', () => {
    const inspection = inspectOnnxBytes(
      encodeModel(graphOf([node('Gemm', ['x'], ['y'])]), {
        functions: [{ name: 'Gemm', domain: '', input: ['a'], output: ['b'], node: [node('Loop', ['a'], ['b'])] }],
      }),
    );
    expect(inspection.operators).toEqual(['ai.onnx:Gemm', 'ai.onnx:Loop']);
  });

  test('reads metadata, operator sets and training graphs', () => {
    const inspection = inspectOnnxBytes(
      encodeModel(graphOf([node('Relu', ['x'], ['y'])], { initializer: [ints('s', [1])] }), {
        metadataProps: [{ key: 'author', value: 'aa' }],
        opsetImport: [{ version: 17 }, { domain: 'ai.onnx.preview.training', version: 1 }],
        trainingInfo: [{ algorithm: graphOf([node('Adagrad', [], ['z'], { domain: 'ai.onnx.preview.training' })]) }],
      }),
    );
    expect(inspection.metadata).toEqual({ author: 'aa' });
    expect(inspection.opsets).toEqual({ 'ai.onnx': 17, 'ai.onnx.preview.training': 1 });
    expect(inspection.hasTrainingInfo).toBe(true);
    expect(inspection.operators).toContain('ai.onnx.preview.training:Adagrad');
  });
});
