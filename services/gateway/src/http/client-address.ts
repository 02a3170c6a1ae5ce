import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Reads whose request it is, given the proxies that may say so (`address` or `address/prefix`). */
export class ClientAddress {
  private readonly trusted = new BlockList();

  /** @throws when an entry is no address or network */
  constructor(proxies: readonly string[]) {
    for (const proxy of proxies) {
      const [address = '', prefix] = proxy.split('/', 2);
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.trusted.addAddress(address, family);
      else this.trusted.addSubnet(address, Number(prefix), family);
    }
  }

  /** The address of the socket; from the right of `X-Forwarded-For`, the first that is no trusted proxy, when a trusted one is connected. */
  of({ socket, headers }: IncomingMessage): string {
    let address = plain(socket.remoteAddress ?? '');
    const header = headers['x-forwarded-for'];
    const hops = typeof header === 'string' ? header.split(',') : [];
    for (let i = hops.length - 1; i >= 0 && this.isTrusted(address); i -= 1) {
      const hop = plain((hops[i] ?? '').trim());
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  }

  private isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** An IPv4 address that came over an IPv6 socket is the same address. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? address;
}
