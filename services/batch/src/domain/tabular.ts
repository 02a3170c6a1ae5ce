import { type TensorSpec, outputColumns } from './batch-job.js';

/** Why the model can't score a table, if it can't: each input must be one value a row, each output a fixed number of values a row, and the output's columns must differ. */
export function whyNotTabular(signature: {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}): string | undefined {
  for (const { name, datatype, shape } of [...signature.inputs, ...signature.outputs]) {
    if (datatype === 'FP16' || datatype === 'BF16') return `'${name}' is ${datatype}, which has no text form`;
    if (shape[0] !== -1) return `'${name}' has shape ${shapeText(shape)}; the first dimension must be the rows (-1)`;
  }
  const wide = signature.inputs.find(({ shape }) => shape.slice(1).some((size) => size !== 1));
  if (wide) return `input '${wide.name}' has shape ${shapeText(wide.shape)}; a column of a dataset is one value a row`;
  const open = signature.outputs.find(({ shape }) => shape.slice(1).some((size) => size < 1));
  if (open) return `output '${open.name}' has shape ${shapeText(open.shape)}; how many values a row has must be fixed`;
  const names = ['row', ...outputColumns(signature.outputs).map(({ name }) => name.toLowerCase())];
  const twice = names.find((name, at) => names.indexOf(name) < at);
  return twice === undefined ? undefined : `the output file would have two columns '${twice}'`;
}

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
