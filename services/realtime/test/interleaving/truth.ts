import { ProblemError, type TenantId } from '@myriad/kernel';
import type { TaggedAnswer } from './replica.js';

interface Placed {
  readonly generation: number;
  /** undefined: removed. */
  readonly version: number | undefined;
}

/** Where a request stood when it began. */
export interface Beginning {
  /** No placement before this one may answer it. */
  readonly floor: number;
  readonly isActive: boolean;
  readonly removals: number;
  readonly hasDeadline: boolean;
}

const REFUSALS = new Set(['model_not_found', 'model_unavailable', 'deadline_exceeded', 'tenant_busy', 'overloaded']);

/** What was placed for one model of one tenant, and so what may answer. */
export class Truth {
  private readonly placed: Placed[] = [];
  private completedFloor = 0;
  private removals = 0;

  constructor(
    readonly tenant: TenantId,
    readonly modelName: string,
    /** What the weights of a version add: no two versions of all tenants have the same. */
    readonly tagOf: (version: number) => number,
  ) {}

  get generation(): number {
    return this.placed.at(-1)?.generation ?? 0;
  }

  get version(): number | undefined {
    return this.placed.at(-1)?.version;
  }

  place(version: number | undefined): number {
    const generation = this.generation + 1;
    if (version === undefined) this.removals += 1;
    this.placed.push({ generation, version });
    return generation;
  }

  begin(hasDeadline: boolean): Beginning {
    const removed = this.placed.findLast(({ version }) => version === undefined)?.generation ?? 0;
    const floor = Math.max(this.completedFloor, removed + 1);
    return { floor, isActive: this.version !== undefined, removals: this.removals, hasDeadline };
  }

  /** @throws {Error} for an answer of another model, version or time than may be. */
  answered({ floor, isActive, removals }: Beginning, { version, tags }: TaggedAnswer): void {
    const wrong = tags.find((tag) => tag !== this.tagOf(version));
    if (wrong !== undefined) throw this.fault(`version ${version} added ${wrong}, not ${this.tagOf(version)}`);
    if (!isActive && this.removals === removals && this.version === undefined)
      throw this.fault(`version ${version} answered when nothing was placed`);
    const from = this.placed.find((placed) => placed.version === version && placed.generation >= floor);
    if (from === undefined) throw this.fault(`version ${version} answered a request that began after it was replaced`);
    this.completedFloor = Math.max(this.completedFloor, from.generation);
  }

  /** @throws {Error} for what is no refusal, or one without a reason. */
  refused({ isActive, removals, hasDeadline }: Beginning, error: unknown): void {
    const [service, code = ''] = error instanceof ProblemError ? error.code.split('.') : [];
    if (service !== 'realtime' || !REFUSALS.has(code)) throw this.fault(`was refused with ${String(error)}`, error);
    const wasAlwaysThere = isActive && this.removals === removals;
    if (code === 'model_not_found' && wasAlwaysThere) throw this.fault('was not found while it was placed', error);
    if (code === 'deadline_exceeded' && !hasDeadline) throw this.fault('expired without a deadline', error);
  }

  private fault(what: string, cause?: unknown): Error {
    return new Error(`${this.tenant}/${this.modelName}: ${what}`, { cause });
  }
}
