/**
 * How many bytes an evaluation leaves on the heap, counted in a process of its own whose young generation is so large
 * that nothing is collected meanwhile: what was allocated is then simply how much the heap has grown.
 */
import { spawnSync } from 'node:child_process'
import { compile } from '@halyard/engine'

export interface Metered {
  readonly dialect: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly document: string
  readonly flag: string
  readonly contexts: readonly Readonly<Record<string, unknown>>[]
}

export interface Reading {
  /** Bytes per evaluation. */
  readonly bytes: number
  /** Bytes per round of a loop that keeps making one small object: proof that the meter sees allocations. */
  readonly control: number
  /** Of the first context, so that a test can tell what was evaluated. */
  readonly reason: string
  readonly value: unknown
}

const EVALUATIONS = 200_000
/** The least of them counts: steady allocation shows in each, what the runtime does once does not. */
const ROUNDS = 3
const WARM_UP = 40_000
/** Room for 1000 bytes per evaluation without a collection; the control would show one. */
const HEAP = [
  '--expose-gc',
  '--max-semi-space-size=256',
  '--min-semi-space-size=256',
  '--single-threaded-gc',
  '--no-concurrent-recompilation',
]

/** Runs the meter. Throws what the process complains of. */
export function meter(what: Metered): Reading {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...HEAP, import.meta.filename], {
    input: JSON.stringify(what),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`the meter ended with code ${status}: ${stderr}`)
  return JSON.parse(stdout) as Reading
}

let kept: unknown

function measure({ dialect, options, document, flag, contexts }: Metered): Reading {
  const { ruleset } = compile({ dialect, document, ...(options === undefined ? {} : { options }) })
  const evaluate = (times: number): void => {
    for (let round = 0; round < times; round++) {
      kept = ruleset.evaluate(flag, contexts[round % contexts.length] ?? {}, 'boolean')
    }
  }
  const make = (times: number): void => {
    for (let round = 0; round < times; round++) kept = { round }
  }
  const { reason, value } = ruleset.evaluate(flag, contexts[0] ?? {}, 'boolean')
  return { bytes: grownBy(evaluate), control: grownBy(make), reason, value }
}

function grownBy(work: (times: number) => void): number {
  // Compiled by the optimiser before it counts; what compiling leaves behind is collected.
  for (let times = 0; times < 5; times++) work(WARM_UP)
  let least = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    work(EVALUATIONS)
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / EVALUATIONS)
  }
  return least
}

if (import.meta.main) {
  let input = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) input += String(chunk)
  process.stdout.write(JSON.stringify(measure(JSON.parse(input) as Metered)))
  if (kept === undefined) process.exitCode = 1
}
