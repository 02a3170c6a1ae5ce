import type { Comparison } from '@myriad/inference';

/** What a trainer recorded of a version has at most so many bytes. */
export const MAX_PARITY_BYTES = 4 * 1_048_576;

/** @throws for a version that does not give what its trainer recorded */
export function assertAsRecorded({ isEqual, firstDifference, maxAbsoluteDifference }: Comparison): void {
  if (isEqual) return;
  const { output, index, detail } = firstDifference ?? { output: '', index: 0, detail: '' };
  throw new Error(
    `its outputs are not what the trainer recorded: output '${output}', value ${index}: ${detail} (largest difference ${maxAbsoluteDifference})`,
  );
}
