/**
 * Medians and spreads of a few runs. Means would let one disturbed run decide, and a figure without its spread would
 * hide that two runs of the same thing differ by more than the two things compared.
 */

export interface Summary {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly count: number
}

/** Median and range. Throws for no samples: a figure made of nothing is worse than none. */
export function summaryOf(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b)
  const [low] = sorted
  const high = sorted.at(-1)
  if (low === undefined || high === undefined) throw new RangeError('no samples')
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? low
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? low) + upper) / 2
  return { median, low, high, count: sorted.length }
}

/** Range as a share of the median: 0.1 means that the runs lie within a tenth of the median. */
export function spreadOf({ median, low, high }: Summary): number {
  return median === 0 ? 0 : (high - low) / median
}

/**
 * One ratio per round. Interleaved rounds share the machine's mood, so dividing within a round cancels what dividing two
 * medians would keep. Throws when the rounds do not pair up.
 */
export function ratiosOf(of: readonly number[], to: readonly number[]): number[] {
  if (of.length !== to.length) throw new RangeError(`${of.length} rounds against ${to.length}`)
  return of.map((sample, round) => sample / (to[round] ?? Number.NaN))
}
