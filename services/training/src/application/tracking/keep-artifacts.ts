import type { Readable } from 'node:stream';
import type { Clock, RequestContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import { isPlainPath } from '../../domain/tracking.js';
import { trainingProblem } from '../../domain/training-problem.js';
import { CLOCK, OBJECT_STORE } from '../ports.js';
import { ARTIFACT_STORE, type ArtifactEntry, type ArtifactStore } from './ports.js';
import { TrackMlflowRuns } from './track-mlflow-runs.js';

const SCHEME = 'mlflow-artifacts:';

/** What lies below `mlflow-artifacts:/` of a tenant: paths that name objects of the store. */
@Injectable()
export class KeepArtifacts {
  constructor(
    private readonly work: UnitOfWork,
    private readonly runs: TrackMlflowRuns,
    @Inject(ARTIFACT_STORE) private readonly artifacts: ArtifactStore,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Streams the bytes into the store; only then does the path name them. */
  async put(ctx: RequestContext, path: string, bytes: Readable): Promise<void> {
    assertPlain(path);
    const object = await this.objects.put(ctx.tenantId, bytes);
    await this.work.run(ctx, (tx) => this.artifacts.put(tx, path, object, new Date(this.clock.nowMs())));
  }

  /** @throws {ProblemError} `training.artifact_not_found` */
  async open(ctx: RequestContext, path: string): Promise<{ readonly bytes: Readable; readonly sizeBytes: number }> {
    assertPlain(path);
    const object = await this.work.run(ctx, (tx) => this.artifacts.find(tx, path));
    if (object === undefined) throw notFound(path);
    return { bytes: await this.objects.get(ctx.tenantId, object.digest), sizeBytes: object.sizeBytes };
  }

  list(ctx: RequestContext, folder: string): Promise<readonly ArtifactEntry[]> {
    const path = trimmed(folder);
    if (path !== '') assertPlain(path);
    return this.work.run(ctx, (tx) => this.artifacts.list(tx, path));
  }

  /** Of a run; those that its client keeps elsewhere are not known here. */
  async listOfRun(
    ctx: RequestContext,
    runId: string,
    path: string,
  ): Promise<{ readonly rootUri: string; readonly entries: readonly ArtifactEntry[] }> {
    const { artifactUri } = await this.work.run(ctx, (tx) => this.runs.found(tx, runId));
    const isHere = artifactUri.startsWith(SCHEME);
    const folder = [artifactUri.slice(SCHEME.length), path].filter((part) => part !== '').join('/');
    return { rootUri: artifactUri, entries: isHere ? await this.list(ctx, folder) : [] };
  }

  /** @throws {ProblemError} `training.artifact_not_found` */
  async delete(ctx: RequestContext, path: string): Promise<void> {
    assertPlain(path);
    if (!(await this.work.run(ctx, (tx) => this.artifacts.delete(tx, path)))) throw notFound(path);
  }
}

/** Without slashes before and after. */
function trimmed(path: string): string {
  let [start, end] = [0, path.length];
  while (start < end && path[start] === '/') start += 1;
  while (end > start && path[end - 1] === '/') end -= 1;
  return path.slice(start, end);
}

function assertPlain(path: string): void {
  if (isPlainPath(path)) return;
  const detail = `Invalid path: '${path.slice(0, 100)}'; allowed are names with / between them, and none of them empty, . or ..`;
  throw trainingProblem('invalid', 'artifact_path_invalid', detail);
}

function notFound(path: string): Error {
  return trainingProblem('not-found', 'artifact_not_found', `No such artifact: '${path}'`);
}
