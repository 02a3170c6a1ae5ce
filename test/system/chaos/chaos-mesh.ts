import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Mesh, type MeshOptions, type MeshProcess } from '../mesh.js';
import { ChaosHttp } from './chaos-http.js';
import { ChaosProxy } from './chaos-proxy.js';

/** What stands between the processes of a mesh. */
export interface Between {
  /** Services and realtime → PostgreSQL. */
  readonly postgres: ChaosProxy;
  /** Gateway → registry. */
  readonly registry: ChaosProxy;
  /** Everybody → Kafka; in mode `mesh` only, as is the next. */
  readonly kafka: ChaosProxy | undefined;
  /** Everybody → S3. */
  readonly store: ChaosHttp | undefined;
}

/** A mesh with trouble in between. */
export interface ChaosMesh {
  readonly mesh: Mesh;
  readonly between: Between;
  stop(): Promise<void>;
}

const portsSchema = z.record(z.string(), z.number());

/** What failed uploads leave is collected while a test waits; no request takes longer from bytes to row. */
const COLLECTING = { registry: { ORPHAN_GRACE_SECONDS: '30', ORPHAN_SWEEP_SECONDS: '10' } };

/** Starts a mesh whose processes reach each other through proxies. */
export async function startChaosMesh(options: Pick<MeshOptions, 'mode'> = {}): Promise<ChaosMesh> {
  let folder = '';
  const portOf = (name: string) => (): number => {
    const file = join(folder, 'ports.json');
    if (!existsSync(file)) throw new Error(`${name} is asked for before it has a port`);
    return portsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))[name] ?? 1;
  };
  const isMesh = options.mode === 'mesh';
  const between: Between = {
    postgres: await ChaosProxy.open(portOf('postgres')),
    registry: await ChaosProxy.open(portOf('registry')),
    kafka: isMesh ? await ChaosProxy.open(portOf('kafka')) : undefined,
    store: isMesh ? await ChaosHttp.open(portOf('s3')) : undefined,
  };
  const { postgres, registry, kafka, store } = between;
  const routes = {
    postgres: postgres.port,
    registry: registry.port,
    ...(kafka && { kafka: kafka.port }),
    ...(store && { s3: store.port }),
  };
  const close = async (): Promise<void> => {
    await Promise.all([postgres.close(), registry.close(), kafka?.close(), store?.close()]);
  };
  try {
    const mesh = await Mesh.start({
      ...options,
      prepare: (stateFolder) => (folder = stateFolder),
      env: { MYRIAD_OVERRIDES: JSON.stringify({ routes, variables: COLLECTING }) },
    });
    return {
      mesh,
      between,
      stop: async () => {
        await mesh.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Holds processes still, as a machine that swaps or a hypervisor that moves it does; answers what lets them go on. */
export async function freeze(mesh: Mesh, isOne: (process: MeshProcess) => boolean): Promise<() => void> {
  const pids = (await mesh.processes()).filter(isOne).flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  if (pids.length === 0) throw new Error('there is nothing to freeze');
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return () => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // it was ended meanwhile
      }
    }
  };
}
