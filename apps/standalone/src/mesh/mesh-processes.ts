import { ownScript } from '../own-script.js';
import { isHttpReady } from '../processes/http-ready.js';
import { launchNode } from '../processes/launch-node.js';
import { ManagedProcess, type ProcessEnvironment } from '../processes/managed-process.js';
import { type EngineName, engineProcess } from './engine-process.js';
import type { MeshPlan } from './mesh-plan.js';
import { postgresProcess } from './postgres-process.js';
import { SERVICES } from './services.js';
import { processesOf } from './topology.js';
import type { Variables } from './variables.js';

/** To drain (`DRAIN_QUIET_MS`, three seconds, and ten for what is in flight) and to close the rest. */
const STOP_GRACE_MS = 30_000;
const BALANCER_HEAP_MB = 96;

/** PostgreSQL, and what else holds the data in this mode. */
export function engineProcesses(plan: MeshPlan, env: ProcessEnvironment): readonly ManagedProcess[] {
  return [postgresProcess(plan), ...enginesOf(plan).map((name) => engineProcess(plan, name))].map(
    (spec) => new ManagedProcess(spec, env),
  );
}

/** The engines that are downloaded. */
export function enginesOf({ topology }: MeshPlan): readonly EngineName[] {
  return [
    ...(topology.eventLog === 'kafka' ? ['kafka' as const] : []),
    ...(topology.objectStore === 's3' ? ['s3' as const] : []),
  ];
}

/** Every process of a service. */
export function serviceProcesses(plan: MeshPlan, env: ProcessEnvironment, service: string): readonly ManagedProcess[] {
  const spec = SERVICES.find(({ name }) => name === service);
  if (!spec) throw new TypeError(`there is no service '${service}'`);
  const { heapMb } = spec;
  return processesOf(plan.topology, service).map((name) => {
    const program = { name, heapMb, script: plan.script(service), variables: plan.environmentOf(service, name) };
    return nodeProcess(plan, env, program);
  });
}

/** What stands in front of services with several replicas. */
export function balancerProcesses(plan: MeshPlan, env: ProcessEnvironment): readonly ManagedProcess[] {
  if (plan.fronts().length === 0) return [];
  const variables = plan.environmentOfBalancer();
  const balancer = { name: 'balancer', heapMb: BALANCER_HEAP_MB, script: ownScript('balancer'), variables };
  return [nodeProcess(plan, env, balancer)];
}

interface NodeProcess {
  readonly name: string;
  readonly heapMb: number;
  readonly script: string;
  readonly variables: Variables;
}

function nodeProcess(
  plan: MeshPlan,
  env: ProcessEnvironment,
  { name, heapMb, script, variables }: NodeProcess,
): ManagedProcess {
  const url = plan.urlOf(name);
  const logFile = plan.state.logFile(name);
  return new ManagedProcess(
    {
      name,
      url,
      graceMs: STOP_GRACE_MS,
      launch: () => launchNode({ script, env: variables, logFile, heapMb, cwd: plan.root }),
      isReady: () => isHttpReady(url),
    },
    env,
  );
}
