import type { Comparison } from '../runtime/compare-outputs.js';
import type { Signature, TensorMap } from '../tensors/tensor.js';

/** What a thread is told at its start. */
export interface ThreadSettings {
  /** Threads of one run, this one among them. */
  readonly intraOpThreads: number;
  /** By how much the thread and those of its runs yield to others, 0–19 (`nice`). */
  readonly niceness: number;
}

/** One of several requests that run together. */
export interface ThreadCall {
  readonly inputs: TensorMap;
  readonly rows: number;
  /** undefined: all. */
  readonly outputs?: readonly string[] | undefined;
}

/** What a model is brought in with. */
export interface ThreadModel {
  /** The ONNX file. */
  readonly file: Uint8Array;
  /** Rows that its trainer recorded, as `parseParity` reads them. */
  readonly parity?: Uint8Array | undefined;
}

/** What was seen as the model was brought in. */
export interface ThreadModelReport {
  readonly signature: Signature;
  /** What the process' resident memory grew by, bytes; too little where memory that was freed before was taken again. */
  readonly residentBytes: number;
  /** undefined where nothing was recorded. */
  readonly parity: Comparison | undefined;
}

export interface ThreadAnswer {
  /** By call, in their order: one that can't be run spoils nothing for the others. */
  readonly outcomes: readonly ThreadOutcome[];
  /** What the run took, microseconds. */
  readonly micros: number;
}

export type ThreadOutcome = { readonly outputs: TensorMap } | { readonly refused: ThreadRefusal };

/** What a thread is asked. */
export type ThreadOrder =
  | ({ readonly kind: 'load'; readonly model: number } & ThreadModel)
  | { readonly kind: 'run'; readonly model: number; readonly calls: readonly ThreadCall[] }
  | { readonly kind: 'unload'; readonly model: number };

/** A refusal, as it crosses threads. */
export interface ThreadRefusal {
  readonly message: string;
  /** Of a `ProblemError`. */
  readonly problem?: { readonly kind: string; readonly code: string } | undefined;
}

/** Answers come in the order of what was asked. */
export type ThreadReply =
  { readonly done: ThreadModelReport | ThreadAnswer | undefined } | { readonly refused: ThreadRefusal };
