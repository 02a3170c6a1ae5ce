import type { ProblemError } from '@myriad/kernel';
import { inferenceProblem } from '../inference-problem.js';

/*
 * A body of the binary tensor extension (github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md):
 *
 *   | JSON, as many bytes as the header Inference-Header-Content-Length says | bytes of the first binary tensor | of the second | …
 *
 * The tensors whose bytes follow say in the JSON how many: `parameters.binary_data_size`, in the order of the JSON. A header of 0 announces no JSON at all, but the bytes of a
 * model's only input.
 */

/** Says how many bytes of a body are JSON; lower case, as Node has it. */
export const HEADER_LENGTH = 'inference-header-content-length';

/** The two parts of a body; without JSON it is the bytes of a model's only input. */
export interface InferBody {
  readonly json: Buffer | undefined;
  /** What follows the JSON; undefined when the body is said to be JSON alone. */
  readonly binary: Buffer | undefined;
}

/** Splits a body where its header says. @throws {ProblemError} `inference.binary_invalid` for a header that is no number, or more than there is. */
export function splitBody(body: Buffer, headerLength: string | undefined): InferBody {
  if (headerLength === undefined) return { json: body, binary: undefined };
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : Infinity;
  if (length > body.length) {
    const detail = `Inference-Header-Content-Length is '${headerLength.slice(0, 40)}'; allowed is a whole number from 0 to the ${body.length} bytes of the body`;
    throw binaryProblem(`#header/${HEADER_LENGTH}`, detail);
  }
  if (length === 0) return { json: undefined, binary: body };
  return { json: body.subarray(0, length), binary: body.subarray(length) };
}

/** Gives out the bytes behind the JSON, tensor by tensor. */
export class BinaryCursor {
  private offset = 0;

  constructor(
    private readonly bytes: Uint8Array | undefined,
    private readonly blobs?: readonly Uint8Array[] | undefined,
  ) {}

  /** The bytes of the tensor at an index, where each came apart. */
  at(index: number): Uint8Array | undefined {
    return this.blobs?.[index];
  }

  /** The bytes of a tensor that says it has some; undefined for one whose values are JSON. @throws {ProblemError} `inference.binary_invalid` when they are not there. */
  next(size: unknown, pointer: string): Uint8Array | undefined {
    if (size === undefined) return undefined;
    const left = (this.bytes?.length ?? 0) - this.offset;
    if (this.bytes === undefined || typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > left) {
      const sent = typeof size === 'number' ? String(size) : `of type ${typeof size}`;
      const why =
        this.bytes === undefined
          ? 'the header Inference-Header-Content-Length is missing, which says where bytes begin'
          : `allowed is a whole number from 0 to the ${left} bytes that are left after the JSON and the tensors before`;
      throw binaryProblem(`${pointer}/parameters/binary_data_size`, `binary_data_size is ${sent}; ${why}`);
    }
    return this.bytes.subarray(this.offset, (this.offset += size));
  }

  /** @throws {ProblemError} `inference.binary_invalid` when bytes are left over. */
  end(): void {
    const left = (this.bytes?.length ?? 0) - this.offset;
    if (left > 0)
      throw binaryProblem('/inputs', `${left} bytes follow the JSON that no 'binary_data_size' of an input speaks of`);
  }
}

function binaryProblem(pointer: string, detail: string): ProblemError {
  return inferenceProblem('invalid', 'binary_invalid', detail, { errors: [{ pointer, detail }] });
}
