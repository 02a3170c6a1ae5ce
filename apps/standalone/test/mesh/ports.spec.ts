import { type Server, createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { assignPorts, isFree } from '../../src/mesh/ports.js';

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

  /** A base below the ports that systems give to others, with those free that the test takes. */
  const freeBase = async (): Promise<number> => {
    for (let base = 12_000; base < 30_000; base += 100) {
      const places = [base, base + 1, base + 10, base + 11].map((port) => isFree(port));
      if ((await Promise.all(places)).every(Boolean)) return base;
    }
    throw new Error('no range of ports is free');
  };

  it('gives engines, services and replicas their places after the base', async () => {
    const base = await freeBase();
    const ports = await assignPorts(0, base, ['postgres', 'control'], ['auth', 'registry']);
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
