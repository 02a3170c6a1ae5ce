import { type Server, createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { assignPorts } from '../../src/mesh/ports.js';
import { freePort } from '../../../../tools/postgres/launch.mjs';

describe('assignPorts', () => {
  let taken: Server | undefined;
  afterEach(async () => {
    const server = taken;
    if (server) await new Promise((resolve) => server.close(resolve));
    taken = undefined;
  });

  const take = async (): Promise<number> => {
    const server = createServer();
    taken = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  };

  it('gives engines, services and replicas their places after the base', async () => {
    const base = 40_100;
    const ports = await assignPorts(await freePort(), base, ['postgres', 'control'], ['auth', 'registry']);
    expect(ports.of).toEqual({ postgres: base, control: base + 1, auth: base + 10, registry: base + 11 });
    expect(ports.firstReplica).toBe(base + 20);
  });

  it('says which port is taken, for what it was meant, and how to choose another', async () => {
    const port = await take();
    await expect(assignPorts(port, 0, [], [])).rejects.toThrow(
      `port ${port} of 127.0.0.1, meant for the gateway, is taken by another program; choose another with --gateway-port or MYRIAD_GATEWAY_PORT`,
    );
    await expect(assignPorts(0, port - 10, [], ['auth'])).rejects.toThrow(/meant for auth,.*MYRIAD_PORT_BASE/);
  });

  it('takes free ports when the base is 0, each another', async () => {
    const ports = await assignPorts(0, 0, ['postgres'], ['auth', 'registry']);
    expect(new Set([ports.gateway, ...Object.values(ports.of)]).size).toBe(4);
  });
});
