/** Whether this replica knows what it serves. */
export abstract class Readiness {
  abstract readonly isReady: boolean;
}
