/** A seeded generator for tests that send many thousands of things: the same sequence for the same seed. */
export interface Random {
  /** Uniform whole number in [0, bound). */
  below(bound: number): number
  chance(share: number): boolean
  pick<T>(from: readonly T[]): T
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    below,
    chance: (share) => next() < share,
    pick: <T>(from: readonly T[]): T => {
      const picked = from[below(from.length)]
      if (picked === undefined && from.length === 0) throw new Error('nothing to pick from')
      return picked as T
    },
  }
}
