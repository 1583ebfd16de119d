/**
 * Durations and sizes as people write them. Everything inside the relay counts in milliseconds and bytes; without units
 * in the file, `every: 10` would be read as seconds by one person and as milliseconds by another.
 */
import { z } from 'zod'

const MILLISECONDS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
const BYTES: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
  ['kB', 1_000],
  ['MB', 1_000 ** 2],
  ['GB', 1_000 ** 3],
])
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const SIZE = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|kB|MB|GB)$/

/** A schema that accepts a text with a unit or a plain number, and yields the number. */
export type Quantity = z.ZodType<number, string | number | undefined>

interface Bounds {
  readonly min?: string
  readonly max?: string
  /** What an absent setting means; shown in the reference as written here. */
  readonly fallback?: string
}

/** `10s`, `500ms`, `5m`, `1.5h`, `2d` or a number of milliseconds. Yields milliseconds. */
export function duration({ min = '0ms', max = '365d', fallback }: Bounds = {}): Quantity {
  const error = 'must be a duration such as 500ms, 10s or 5m (a bare number is milliseconds)'
  return quantity(DURATION, MILLISECONDS, error, min, max, fallback)
}

/** `64MiB`, `16KiB`, `10MB` or a number of bytes. Yields bytes. */
export function size({ min = '1B', max = '4GiB', fallback }: Bounds = {}): Quantity {
  const error = 'must be a size such as 16KiB or 64MiB (a bare number is bytes)'
  return quantity(SIZE, BYTES, error, min, max, fallback)
}

function quantity(
  pattern: RegExp,
  units: ReadonlyMap<string, number>,
  error: string,
  min: string,
  max: string,
  fallback: string | undefined,
): Quantity {
  const written = z.union([z.string().regex(pattern, { error }), z.number().nonnegative({ error })], { error })
  const least = amount(min, pattern, units)
  const most = amount(max, pattern, units)
  return (fallback === undefined ? written : written.default(fallback)).transform((value, context) => {
    const plain = amount(value, pattern, units)
    if (plain >= least && plain <= most) return plain
    context.addIssue({ code: 'custom', message: `must lie between ${min} and ${max}` })
    return z.NEVER
  })
}

function amount(written: string | number, pattern: RegExp, units: ReadonlyMap<string, number>): number {
  if (typeof written === 'number') return written
  const [, digits = '', unit = ''] = pattern.exec(written) ?? []
  return Math.round(Number(digits) * (units.get(unit) ?? Number.NaN))
}
