import { z } from 'zod';

/** Element types, in the words of the Open Inference Protocol. */
const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
] as const;

/** One tensor of a model's signature, in the words of the Open Inference Protocol. */
export const tensorSchema = z.object({
  name: z.string().min(1),
  datatype: z.enum(DATATYPES),
  /** −1 for a dimension that varies; the first is the batch. */
  shape: z.array(z.int().min(-1)),
});
export type TensorSpec = z.infer<typeof tensorSchema>;

/** What a model takes and gives. */
export const signatureSchema = z.object({ inputs: z.array(tensorSchema), outputs: z.array(tensorSchema) });
export type Signature = z.infer<typeof signatureSchema>;
