import { suiteChangedV1 } from '@myriad/contracts';
import { type Clock, type RequestContext, digestOfJson, newId } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { evaluatorProblem } from '../domain/evaluator-problem.js';
import type { Suite, Threshold } from '../domain/suite.js';
import { CLOCK, SUITE_STORE, type SuiteStore } from './ports.js';

export type SuiteSpec = Omit<Suite, 'suiteId' | 'version' | 'digest' | 'createdAt'>;

/** Adds a suite; an equal one gives the version that is there, a changed one the next. */
@Injectable()
export class CreateSuite {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(SUITE_STORE) private readonly suites: SuiteStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `evaluator.suite_invalid`. */
  async execute(ctx: RequestContext, spec: SuiteSpec): Promise<Suite> {
    assertSound(spec);
    const digest = digestOfJson(spec);
    return this.work.run(ctx, async (tx) => {
      const newest = await this.suites.newestLocked(tx, spec.name);
      if (newest?.digest === digest) return newest;
      const suite: Suite = {
        ...spec,
        suiteId: newest?.suiteId ?? newId('sut', this.clock),
        version: (newest?.version ?? 0) + 1,
        digest,
        createdAt: new Date(this.clock.nowMs()),
      };
      await this.suites.insert(tx, suite);
      await tx.emit(suiteChangedV1, { suiteId: suite.suiteId, name: suite.name, version: suite.version, digest });
      return suite;
    });
  }
}

interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

function assertSound(spec: SuiteSpec): void {
  const errors = [...taskFaults(spec), ...featureFaults(spec), ...spec.thresholds.flatMap(thresholdFaults)];
  if (spec.generators.length === 0 && spec.thresholds.every(({ appliesTo }) => appliesTo === 'randomized'))
    errors.push({ pointer: '/generators', detail: 'no sets, though every threshold is on randomized ones' });
  if (errors.length > 0)
    throw evaluatorProblem('invalid', 'suite_invalid', `suite '${spec.name}' can't be used: ${errors.length} faults`, {
      errors,
    });
}

function taskFaults({ task }: SuiteSpec): Fault[] {
  if (task !== 'regression') return [];
  return [{ pointer: '/task', detail: "'regression' has no metrics yet; allowed: 'binary-classification'" }];
}

function featureFaults({ features, label }: SuiteSpec): Fault[] {
  const names = features.map(({ name }) => name);
  const isRepeated = (name: string, at: number): boolean => name === label || names.indexOf(name) < at;
  return names.flatMap((name, at) =>
    isRepeated(name, at)
      ? [{ pointer: `/features/${at}/name`, detail: `'${name}' is there twice, or is the label` }]
      : [],
  );
}

function thresholdFaults({ appliesTo, min, max, maxDrop }: Threshold, at: number): Fault[] {
  const hasBound = min !== undefined || max !== undefined;
  if (!hasBound && maxDrop === undefined)
    return [{ pointer: `/thresholds/${at}`, detail: 'bounds nothing; give min, max or maxDrop' }];
  if (!hasBound && appliesTo === 'golden')
    return [{ pointer: `/thresholds/${at}`, detail: 'maxDrop says nothing of the golden set; give min or max' }];
  return [];
}
