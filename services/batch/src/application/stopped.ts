/** Why a worker lets go of its job before the end: it was cancelled, another worker has it, or the process ends. */
export type StopReason = 'cancelled' | 'lost' | 'shutdown';

export class Stopped extends Error {
  override readonly name = 'Stopped';

  constructor(readonly why: StopReason) {
    super(`the job was let go: ${why}`);
  }
}
