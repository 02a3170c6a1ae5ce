import { join } from 'node:path';
import {
  EngineUnavailable,
  type EngineProgram,
  fetchKafka,
  fetchS3,
  kafkaProgram,
  s3Program,
} from '../../../../tools/engines/engine.mjs';
import { launchProgram } from '../processes/launch-program.js';
import type { ProcessSpec } from '../processes/launched.js';
import type { MeshPlan } from './mesh-plan.js';

/** Kafka's own default: a broker on a busy machine is late now and then, and one that counts as gone leads no partition. */
const BROKER_SESSION_MS = 9_000;
const STOP_GRACE_MS = 20_000;
const FETCHED: Readonly<Record<string, { fetch(): Promise<string>; readonly remedy: string }>> = {
  kafka: { fetch: fetchKafka, remedy: 'install a Java runtime ≥ 17, and Maven for the first start' },
  s3: { fetch: fetchS3, remedy: 'install Go for the first start' },
};

/** Kafka and the S3 server, which `npm run mesh` runs and standalone mode does not. */
export type EngineName = 'kafka' | 's3';

/**
 * Downloads and builds what is not in the cache yet.
 * @throws {Error} naming every program that is missing, and what to do about it.
 */
export async function fetchEngines(names: readonly EngineName[], say: (text: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const name of names) {
    const engine = FETCHED[name];
    if (!engine) continue;
    say(`${name} (fetched once)`);
    try {
      await engine.fetch();
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error;
      missing.push(`${error.message}; ${engine.remedy}`);
    }
  }
  if (missing.length > 0)
    throw new Error(`${missing.join('. ')}. \`npm run up\` needs neither: it runs on PostgreSQL and files`);
}

/** Kafka or the S3 server as a process to supervise; its data lies in the state folder. */
export function engineProcess(plan: MeshPlan, name: EngineName): ProcessSpec {
  const logFile = plan.state.logFile(name);
  const env = plan.config.inherited;
  let isHealthy = (): Promise<boolean> => Promise.resolve(false);
  return {
    name,
    graceMs: STOP_GRACE_MS,
    launch: async () => {
      const program = await programOf(plan, name);
      isHealthy = () => program.isHealthy();
      const { command, args } = program;
      return launchProgram({ command, args, env: { ...env, ...program.env }, logFile, cwd: plan.root });
    },
    isReady: () => isHealthy(),
  };
}

function programOf(plan: MeshPlan, name: EngineName): Promise<EngineProgram> {
  const dir = join(plan.state.path, name);
  if (name === 'kafka')
    return kafkaProgram({
      dir,
      port: plan.port('kafka'),
      advertisedPort: plan.reach('kafka'),
      controllerPort: plan.port('kafka-controller'),
      sessionMs: BROKER_SESSION_MS,
    });
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = plan.secrets;
  return s3Program({ dir, port: plan.port('s3'), accessKeyId, secretAccessKey });
}
