const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * The partition of a key, 0 … partitions − 1, the same in every adapter: FNV-1a (32 bits, http://www.isthe.com/chongo/tech/comp/fnv/) over the
 * UTF-8 bytes of the key up to its first `/` (the tenant), modulo the number of partitions.
 */
export function partitionOf(key: string, partitions: number): number {
  const end = key.indexOf('/');
  let hash = FNV_OFFSET_BASIS;
  for (const byte of Buffer.from(end === -1 ? key : key.slice(0, end), 'utf8'))
    hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  return hash % partitions;
}
