/**
 * What a promise is to this suite: a sentence, the figures it must reach, and a run that measures them on real parts.
 * A promise without a figure that can be missed would be a wish; figures that are times count on a quiet machine only.
 */
import type { Random } from '../../serve/testing/random.ts'

/** One number and its bound. */
export interface Figure {
  readonly name: string
  readonly measured: number
  /** `=`: exactly; otherwise at most, or at least. */
  readonly bound: '=' | '≤' | '≥'
  readonly limit: number
  /** Shown behind the numbers: `ms`, `KB`, or nothing for counts. */
  readonly unit?: string
  /** True for figures that a busy machine or a small scale spoils: shown always, judged at scale 1 only. */
  readonly quiet?: boolean
}

/** What a promise's run may use. */
export interface Torture {
  /** Every choice of the run comes from here. */
  readonly random: Random
  /** 1 for the published figures; durations, rates and crowds shrink with it. */
  readonly scale: number
  /** Where temporary files go; removed at the end. */
  readonly folder: string
  /** One line for whoever watches. */
  readonly say: (line: string) => void
  /** `full` times the scale, as a whole number of at least `least`. */
  readonly scaled: (full: number, least: number) => number
  /** Registers what must be ended whatever happens, in reverse order. */
  readonly defer: (end: () => Promise<void> | void) => void
}

export interface Promised {
  /** As in RELIABILITY.md: `P1`. */
  readonly id: string
  readonly says: string
  /** Measures; throws only when the run itself could not be made, which is a failure too. */
  run(torture: Torture): Promise<readonly Figure[]>
}

/** Whether the figure is reached; `undefined` when this run cannot judge it. */
export function reached({ measured, bound, limit, quiet }: Figure, scale: number): boolean | undefined {
  if (Number.isNaN(measured)) return false
  if (quiet === true && scale < 1) return undefined
  return bound === '=' ? measured === limit : bound === '≤' ? measured <= limit : measured >= limit
}

/** Shorthands for the three kinds of bounds. */
export const exactly = (name: string, measured: number, limit: number): Figure => ({
  name,
  measured,
  bound: '=',
  limit,
})
export const atMost = (name: string, measured: number, limit: number, unit = ''): Figure => ({
  name,
  measured,
  bound: '≤',
  limit,
  unit,
})
export const atLeast = (name: string, measured: number, limit: number, unit = ''): Figure => ({
  name,
  measured,
  bound: '≥',
  limit,
  unit,
})
/** All of them at full scale; otherwise that share of them, `least` at least, drawn by the seed, in their order. */
export function some<T>({ random, scale }: Torture, all: readonly T[], least: number): readonly T[] {
  const wanted = Math.max(least, Math.ceil(all.length * Math.min(1, scale * 2)))
  const left = [...all.keys()]
  while (left.length > wanted) left.splice(random.below(left.length), 1)
  return left.flatMap((index) => all.slice(index, index + 1))
}

/** A bound that only a quiet machine and full scale can be held to. */
export const quietly = (figure: Figure): Figure => ({ ...figure, quiet: true })
