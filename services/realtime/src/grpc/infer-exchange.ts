import {
  binaryOf,
  inferenceProblem,
  parseInferRequest,
  type InferAnswer,
  type InferRequest,
  type SignatureView,
  type TensorMap,
} from '@myriad/inference';
import type { AnswerMessage, InferMessage } from './infer-message.js';
import { rawOfContents } from './tensor-contents.js';

/** A message against a model. Raw contents are not copied. @throws {ProblemError} as `parseInferRequest`. */
export function readInferMessage(message: InferMessage, signature: SignatureView): InferRequest {
  const { id, inputs, outputs } = message;
  const described = {
    ...(id === '' ? {} : { id }),
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    outputs: outputs.map((name) => ({ name })),
  };
  return parseInferRequest(described, signature, { blobs: blobsOf(message) });
}

function blobsOf({ inputs, raw }: InferMessage): readonly Uint8Array[] {
  if (raw.length === 0)
    return inputs.map(({ contents = Buffer.alloc(0), datatype, name }) =>
      rawOfContents(contents, datatype, `input '${name}'`),
    );
  if (inputs.some(({ contents }) => contents !== undefined))
    throw inferenceProblem('invalid', 'binary_invalid', 'raw_input_contents and contents were sent; send one of both');
  if (raw.length !== inputs.length)
    throw inferenceProblem(
      'invalid',
      'binary_invalid',
      `${inputs.length} inputs were sent and ${raw.length} raw_input_contents; one for each is needed`,
    );
  return raw;
}

/** An answer as a message, its values raw. */
export function writeInferMessage(answer: InferAnswer, _request: InferRequest, tensors: TensorMap): AnswerMessage {
  return {
    modelName: answer.modelName,
    modelVersion: answer.modelVersion,
    id: answer.id ?? '',
    outputs: answer.outputs.map((name) => {
      const tensor = tensors[name];
      if (tensor === undefined) throw inferenceProblem('internal', 'run_failed', `the model gave no output '${name}'`);
      return { name, datatype: tensor.datatype, shape: tensor.shape, bytes: binaryOf(tensor) };
    }),
  };
}
