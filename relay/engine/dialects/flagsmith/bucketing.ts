/**
 * Where an identity falls in a split: MD5 over the ids, from 0 up to but without 100. The order of the divisions is
 * the vendor's: another order rounds otherwise and moves the identities that stand on a boundary.
 */
import type { Bucket, Frame, Term } from '../../plan.ts'
import { md5Remainder } from '../../splits/md5.ts'

/** The bucket of some ids, joined by commas. */
export function percentage(ids: string): number {
  let text = ids
  for (;;) {
    const value = (md5Remainder(text, 9_999) / 9_998) * 100
    if (value < 100) return value
    text = `${text},${ids}`
  }
}

/** The bucket of a feature or segment key and what `term` reads; `print` gives undefined where there is nothing to hash. */
export function bucketOf(key: string, term: Term, print: (value: unknown) => string | undefined): Bucket {
  const prefix = `${key},`
  return {
    name: `md5(${key}, ${term.name})`,
    reads: term.reads,
    of: (frame: Frame): number => {
      const text = print(term.read(frame))
      return text === undefined ? NaN : percentage(prefix + text)
    },
  }
}

/** For terms that read a text or nothing. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
