/**
 * The weights of `fractional`: which variant a hash falls to. Entries that are no proper ones spoil the whole
 * distribution, and the flag's default variant applies; nothing here is ever an error.
 */
import { scale32 } from '../../splits/bucket.ts'

/** Largest weight, and largest sum of weights. */
const MAX_WEIGHT = 2_147_483_647

export interface Distribution {
  readonly variants: readonly unknown[]
  /** Sum of the weights up to and with the entry. */
  readonly upTo: readonly number[]
  readonly total: number
}

/** Reads the entries `[variant, weight]`; undefined when they are no distribution. */
export function readDistribution(entries: readonly unknown[]): Distribution | undefined {
  const variants: unknown[] = []
  const upTo: number[] = []
  let total = 0
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length === 0) return undefined
    const [variant, weight = 1] = entry as readonly unknown[]
    if (variant !== null && typeof variant === 'object') return undefined
    const share = weight ?? 1
    if (typeof share !== 'number' || !Number.isInteger(share) || share > MAX_WEIGHT) return undefined
    total += Math.max(share, 0)
    variants.push(variant)
    upTo.push(total)
  }
  return total > 0 && total <= MAX_WEIGHT ? { variants, upTo, total } : undefined
}

/** The variant of a hash (unsigned 32-bit). */
export function choose({ variants, upTo, total }: Distribution, hash: number): unknown {
  const bucket = scale32(hash, total)
  for (let index = 0; index < upTo.length; index++) if (bucket < (upTo[index] ?? 0)) return variants[index] ?? null
  return null
}
