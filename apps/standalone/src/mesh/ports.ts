import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** A port that the mesh needs and another program has. */
export class PortTakenError extends Error {
  constructor(port: number, name: string, remedy: string) {
    super(`port ${port} of 127.0.0.1, meant for ${name}, is taken by another program; ${remedy}`);
    this.name = 'PortTakenError';
  }
}

export interface Ports {
  readonly gateway: number;
  /** By name: the engines, the services and their processes. */
  readonly of: Readonly<Record<string, number>>;
  /** Where serving processes get theirs from; 0: free ones. */
  readonly firstReplica: number;
}

/** Of a serving process: HTTP, and gRPC where it speaks that. */
export interface ReplicaPorts {
  readonly port: number;
  readonly grpcPort?: number | undefined;
}

const FIRST_SERVICE = 10;
const FIRST_REPLICA = 20;
/** All ports but the gateway's. */
export const PORTS = 100;

/**
 * Gives everything its port and checks that nobody has it.
 * @throws {PortTakenError} naming the port and how to choose another.
 */
export async function assignPorts(
  gatewayPort: number,
  portBase: number,
  engines: readonly string[],
  services: readonly string[],
): Promise<Ports> {
  const of: Record<string, number> = {};
  for (const [group, first] of [
    [engines, 0],
    [services, FIRST_SERVICE],
  ] as const) {
    for (const [index, name] of group.entries())
      of[name] = portBase === 0 ? await freeLowPort() : portBase + first + index;
  }
  const gateway = gatewayPort === 0 ? await freeLowPort() : gatewayPort;
  await demandFree(gateway, 'the gateway', 'choose another with --gateway-port or MYRIAD_GATEWAY_PORT');
  for (const [name, port] of Object.entries(of)) {
    await demandFree(port, name, 'choose another range with --port-base or MYRIAD_PORT_BASE');
  }
  return {
    gateway,
    of,
    firstReplica: portBase === 0 ? 0 : portBase + Math.max(FIRST_REPLICA, FIRST_SERVICE + services.length),
  };
}

/** Below the range that systems take for outgoing connections, so that none of those has it when its owner starts. */
const LOW_PORTS = [11_000, 31_000] as const;

async function freeLowPort(): Promise<number> {
  for (;;) {
    const port = randomInt(...LOW_PORTS);
    if (await isFree(port)) return port;
  }
}

async function demandFree(port: number, name: string, remedy: string): Promise<void> {
  if (!(await isFree(port))) throw new PortTakenError(port, name, remedy);
}

/** Whether nobody listens on the port of the loopback interface. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
