import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { commonEnvironment, secretVariables, services } from '../../../../tools/manifests/mesh.mjs';
import { standaloneConfig } from '../../src/config.js';
import { MeshPlan } from '../../src/mesh/mesh-plan.js';
import { TOPOLOGIES, processesOf } from '../../src/mesh/topology.js';
import { Secrets } from '../../src/state/secrets.js';
import { StateFolder } from '../../src/state/state-folder.js';

/** What a process here is told and a container is not. */
const LOCAL_ONLY: Readonly<Record<string, readonly string[]>> = {
  deployer: ['SUPERVISOR_URL', 'SUPERVISOR_TOKEN_FILE', 'REPLICAS_PER_POOL'],
};
/** Set by the image's build, or about this Node. */
const OF_THE_PROCESS = ['NODE_ENV', 'NODE_COMPILE_CACHE'];
const NOT_HERE = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'REPLICA_GRPC_PORT'];
/** What can differ: addresses, paths, secrets, and how much is logged. */
const LOCAL_VALUES =
  /^(HOST|PORT|GRPC_PORT|LOG_LEVEL|KAFKA_BROKERS|S3_ENDPOINT|S3_ACCESS_KEY_ID|S3_SECRET_ACCESS_KEY|MYRIAD_PYTHON|DATABASE_.*|STATE_FOLDER|.*_FILE|.*_URL)$/;
/** Names of hosts and folders of containers. */
const OF_CONTAINERS = /:\/\/[a-z][a-z0-9-]*:\d|^[a-z][a-z0-9-]*:\d+$|^\/(run\/myriad|var\/lib\/myriad|opt)\//;

describe('the variables of the mesh on this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-variables-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const state = new StateFolder(folder);
  state.create();
  const secrets = new Secrets(state);
  secrets.create();
  const names = [
    ...TOPOLOGIES.mesh.engines,
    ...services.flatMap(({ name }) => [name, ...processesOf(TOPOLOGIES.mesh, name)]),
  ];
  const plan = new MeshPlan({
    root: '/root-of-the-repository',
    config: standaloneConfig(['--mesh', '--state', folder], {}),
    state,
    secrets,
    ports: { gateway: 1, of: Object.fromEntries(names.map((name, at) => [name, at + 2])), firstReplica: 100 },
  });

  describe.each(services.map((service) => [service.name, service] as const))('%s', (name, service) => {
    const told = { ...commonEnvironment, ...service.environment };
    const here =
      name === 'realtime'
        ? {
            ...plan.environmentOfReplica('realtime-1', { port: 7, grpcPort: 8 }, 'production'),
            POOL: 'tabular-small',
            MEMORY_LIMIT_BYTES: '536870912',
          }
        : plan.environmentOf(name, processesOf(TOPOLOGIES.mesh, name)[0]);

    it('are those of its container, no more and no less', () => {
      const inContainer = [...Object.keys(told), ...secretVariables(service)].filter((one) => !NOT_HERE.includes(one));
      const expected = [...inContainer, ...OF_THE_PROCESS, ...(LOCAL_ONLY[name] ?? [])];
      expect(Object.keys(here).sort()).toEqual([...new Set(expected)].sort());
    });

    it('have the same values, but for addresses, paths and secrets of this machine', () => {
      const differing = Object.entries(told).filter(([key, value]) => key in here && here[key] !== value);
      expect(differing.map(([key]) => key).filter((key) => !LOCAL_VALUES.test(key))).toEqual([]);
      expect(Object.entries(here).filter(([, value]) => OF_CONTAINERS.test(value))).toEqual([]);
    });
  });

  it('send the gateway to the balancer, and each process to its own port and folder', () => {
    expect(plan.environmentOf('gateway', 'gateway-2')).toMatchObject({
      AUTH_URL: plan.urlOf('auth'),
      TRAINING_URL: plan.urlOf('training'),
      PORT: String(plan.port('gateway-2')),
      STATE_FOLDER: state.scratch('gateway-2'),
    });
    expect(plan.fronts().map(({ name, backends }) => [name, backends.length])).toEqual(
      services
        .filter(({ name, replicas }) => replicas > 1 && name !== 'realtime')
        .map(({ name, replicas }) => [name, replicas]),
    );
  });
});
