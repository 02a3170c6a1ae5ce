import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** https://www.iana.org/assignments/iana-ipv4-special-registry: everything that is not globally reachable, and multicast. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** The only IPv6 that is given out globally, without what leads elsewhere: Teredo and other protocols, documentation, 6to4. */
const GLOBAL_IPV6 = ['2000::/3'];
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Addresses of some networks. */
export class Networks {
  private readonly list = new BlockList();

  /** @throws {TypeError} for what is no network in CIDR form */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', prefix = ''] = network.split('/');
      if (!/^\d{1,3}$/.test(prefix)) throw new TypeError(`'${network}' is no network, such as 10.0.0.0/8`);
      this.list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
    }
  }

  /** IPv4 that is mapped into IPv6 counts as IPv6 here. */
  has(address: string): boolean {
    return isIPv4(address) ? this.list.check(address, 'ipv4') : this.list.check(address, 'ipv6');
  }
}

const special4 = new Networks(SPECIAL_IPV4);
const global6 = new Networks(GLOBAL_IPV6);
const special6 = new Networks(SPECIAL_IPV6);

/** Whether an address is one of the public internet: not private, loopback, link-local (with the clouds' metadata), reserved or multicast. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special4.has(address);
  return isIPv6(address) && !address.includes('%') && global6.has(address) && !special6.has(address);
}
