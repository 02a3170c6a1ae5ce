import { z } from 'zod';
import { fields } from './define-event.js';

const wayField = z.enum(['kernel', 'inputs', 'whole']);

/** Microseconds of one row, as admission measured them. */
const microsField = z.number().nonnegative().nullable();

/** A version split in two objects of its tenant: the graph, which models of equal shape share, and what was learned. */
const splitSchema = z.object({
  skeletonDigest: fields.digest,
  skeletonBytes: fields.sizeBytes,
  weightsDigest: fields.digest,
  weightsBytes: fields.sizeBytes,
});

/** How a version is served: what whoever loads it has to know. */
export const servingSchema = z.object({
  /** `kernel`: our own code over its weights; `inputs`: ONNX Runtime, one session a skeleton, weights fed; `whole`: ONNX Runtime on the file as it is. */
  way: wayField,
  /** Of one row by this way; null where no row could be timed. */
  micros: microsField,
  /** Memory that the model takes beside its skeleton, measured, bytes. */
  memoryBytes: fields.sizeBytes,
  /** null where it is served whole. */
  split: splitSchema.nullable(),
});
export type Serving = z.infer<typeof servingSchema>;

/** How a version is served, and why not otherwise. */
export const servingReportSchema = servingSchema.extend({
  /** All three ways, whole first: what a row costs, or why the way is closed. */
  verdicts: z.array(z.object({ way: wayField, micros: microsField, reason: z.string().nullable() })),
});
export type ServingReport = z.infer<typeof servingReportSchema>;
