/** Options of the flagd dialect. Unknown ones are left alone, wrong ones are said to be wrong. */
import { DocumentError } from '../../problem.ts'

export interface FlagdOptions {
  /** Generation of `fractional`: 2, as daemons hash today (default), or 3, the accepted successor. */
  readonly fractional: 2 | 3
}

/** Throws DocumentError. */
export function readOptions(options: Readonly<Record<string, unknown>>): FlagdOptions {
  const generation = Object.hasOwn(options, 'fractional') ? options['fractional'] : 2
  if (generation === 2 || generation === 3) return { fractional: generation }
  throw new DocumentError('options.fractional', `must be 2 or 3, not ${JSON.stringify(generation)}`)
}
