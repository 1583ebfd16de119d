/**
 * Where a user falls on the scale of 0 to 99,999: MurmurHash3 over the attributes a feature buckets by and its key.
 * The text that is hashed follows ECMAScript's list join to the letter; any other would move users between variations.
 */
import type { Bucket, Frame } from '../../plan.ts'
import { scale32 } from '../../splits/bucket.ts'
import { murmur3 } from '../../splits/murmur3.ts'
import { attribute, readsOf } from './subject.ts'

/** Attribute paths, all of them or only the first that is present (null is). */
export interface BucketBy {
  readonly paths: readonly string[]
  readonly first: boolean
}

/** Buckets are whole numbers from 0 to this. */
export const LAST_BUCKET = 99_999
const SEED = 1

/** The bucket of a text; throws on a lone surrogate, for which there is no UTF-8. */
export function bucketOf(text: string): number {
  if (!text.isWellFormed()) throw new Error('a lone surrogate cannot be hashed')
  return scale32(murmur3(text, SEED), LAST_BUCKET + 1)
}

/** What is hashed for one feature and user. Throws when an attribute has no text form. */
export function bucketKey(featureKey: string, bucketBy: BucketBy): (frame: Frame) => string {
  const terms = bucketBy.paths.map(attribute)
  return (frame) => {
    const parts: unknown[] = []
    for (const term of terms) {
      const value = term.read(frame)
      if (value === undefined) continue
      parts.push(value)
      if (bucketBy.first) break
    }
    parts.push(featureKey)
    return parts.join('.')
  }
}

/** The bucket of one feature. */
export function bucket(featureKey: string, bucketBy: BucketBy): Bucket {
  const keyOf = bucketKey(featureKey, bucketBy)
  const [only = ''] = bucketBy.paths
  const unit = bucketBy.paths.length === 1 ? attribute(only) : undefined
  // Every variable of a feature asks for the same user's bucket: the last one is kept, by the identity of its text.
  let lastUnit: string | undefined
  let lastBucket = NaN
  return {
    name: `${bucketBy.paths.join(bucketBy.first ? ' or ' : '.')}.${featureKey}`,
    reads: [...new Set(bucketBy.paths.flatMap(readsOf))],
    of: (frame) => {
      const value = unit?.read(frame)
      if (typeof value !== 'string') return bucketOf(keyOf(frame))
      if (value === lastUnit) return lastBucket
      lastBucket = bucketOf(`${value}.${featureKey}`)
      lastUnit = value
      return lastBucket
    },
  }
}
