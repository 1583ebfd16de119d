/** The command line of the suite. */
import { parseArgs } from 'node:util'

export interface Options {
  readonly help: boolean
  readonly list: boolean
  readonly mutants: boolean
  readonly seed: number
  readonly scale: number
  /** Stop starting promises after so many seconds. */
  readonly seconds: number
  /** Identifiers; empty for all. */
  readonly only: readonly string[]
  readonly json: string | undefined
  readonly verbose: boolean
  /** How many promises are held up at once. */
  readonly jobs: number
}

export const HELP = `Breaks things around real relays and counts who notices.

Usage
  npm run torture -- [--seed N] [--only P1,P3] [--scale 0.1] [--seconds N] [--json FILE]
  npm run torture -- --list
  npm run torture -- --mutants [--only name,name]

Options
  --seed N      Makes the choices of a run come back. Default: chosen at random and printed.
  --only LIST   Only these promises, or mutants. Default all.
  --scale X     Shrinks durations, rates and crowds. Default 1: the published figures; wants a quiet machine.
  --seconds N   Starts no further promise after so long; those left out are told. Default: no bound.
  --jobs N      So many at once, for short runs: figures that are times mean nothing then. Default 1.
  --json FILE   Where the result is written as JSON too. Default torture.json in the system's temporary folder.
  --mutants     Instead: puts known faults into copies of the product and tells which check catches each.
  --verbose     Tells what each run is doing.
  --list        The promises, and nothing else.

The exit code is 1 when a promise is broken, 2 for a command line that cannot be read.`

/** Throws an Error whose message is for the person who typed it. */
export function readOptions(args: readonly string[], chance: () => number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      list: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      verbose: { type: 'boolean', short: 'v', default: false },
      seed: { type: 'string' },
      scale: { type: 'string', default: '1' },
      seconds: { type: 'string', default: 'Infinity' },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      jobs: { type: 'string', default: '1' },
    },
  })
  const seed = values.seed === undefined ? Math.floor(chance() * 2 ** 31) : Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed must be a whole number from 0')
  const scale = Number(values.scale)
  if (!(scale > 0 && scale <= 1)) throw new Error('--scale must be a number above 0, at most 1')
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) throw new Error('--seconds must be a number above 0')
  const jobs = Number(values.jobs)
  if (!Number.isSafeInteger(jobs) || jobs < 1) throw new Error('--jobs must be a whole number from 1')
  const only = values.only
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  const { help, list, mutants, verbose, json } = values
  return { help, list, mutants, verbose, seed, scale, seconds, only, json, jobs }
}
