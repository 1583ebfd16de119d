/**
 * Splits: from a 32-bit hash to a bucket without losing a bit. The product of hash and total passes 2^53, where plain
 * multiplication rounds: users at a boundary would then land beside the bucket other engines give them.
 */

/** floor(hash * total / 2^32), exact. `hash`: unsigned 32-bit; `total`: integer from 0 to 2^31 - 1. */
export function scale32(hash: number, total: number): number {
  const high = (hash >>> 16) * total
  const low = (hash & 0xffff) * total
  return Math.floor((high + Math.floor(low / 0x10000)) / 0x10000)
}
