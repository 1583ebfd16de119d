/**
 * `npm run fuzz`: our engine against each vendor's own SDK, or our express lane against node:http, for as long as asked.
 * Every run prints its seed; with the seed a difference comes back, without it a red night would teach nothing.
 */
import { globSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzzDoors } from '../serve/testing/door-fuzz.ts'
import { runDifferential, staleExceptions } from '../engine/testing/differential.ts'
import type { Differential, Report } from '../engine/testing/differential.ts'
import { HostileRun } from '../engine/testing/hostile-run.ts'
import { patchFault } from '../upstream/testing/patch-fuzz.ts'

const DIALECTS = join(import.meta.dirname, '../engine/dialects')
const DEFAULT_CASES = 100_000

const HELP = `Compares our engine with the vendors' own SDKs on documents made from a grammar.

Usage
  npm run fuzz -- [--vendor NAME]… [--cases N] [--seed N]
  npm run fuzz -- --door [--cases N] [--seed N]
  npm run fuzz -- --documents [--vendor NAME]… [--cases N] [--seed N]
  npm run fuzz -- --patches [--cases N] [--seed N]

Options
  --vendor NAME  Only this vendor. Repeatable; default all.
  --door         Instead: requests to the express lane and to node:http alone, whole and damaged.
  --documents    Instead: hostile documents to each dialect; case i of seed S is the first of seed S + i.
  --patches      Instead: changes of a document, shuffled, dropped and repeated; case i of seed S as above.
  --cases N      Evaluations per vendor, requests, documents per vendor, or histories of changes. Default ${DEFAULT_CASES}.
  --seed N       Makes a run come back. Default: chosen at random and printed.

The exit code is 1 when an answer differs or a listed exception no longer shows what it claims.`

/** Where a run writes to, and its chance. */
export interface FuzzTools {
  readonly write: (line: string) => void
  /** Shows progress; called a few times a second at most. */
  readonly progress: (line: string) => void
  /** A seed for runs that were given none. */
  readonly seed: () => number
  /** Milliseconds, for the rate. */
  readonly monotonic: () => number
}

/** A comparison and what to call it: a vendor may have several profiles. */
export interface Subject {
  readonly name: string
  readonly differential: Differential
}

/** Vendors that have a `testing/differential.ts`, by folder name. */
export function fuzzableVendors(): readonly string[] {
  return globSync('*/testing/differential.ts', { cwd: DIALECTS })
    .map((path) => basename(dirname(dirname(path))))
    .sort()
}

/** Everything a vendor's module exports that is a Differential, alone or in a list. */
export async function subjectsOf(vendor: string): Promise<readonly Subject[]> {
  const module: unknown = await import(join(DIALECTS, vendor, 'testing/differential.ts'))
  const found = new Map<Differential, string>()
  for (const [name, value] of Object.entries(module as Record<string, unknown>)) {
    for (const [index, item] of (Array.isArray(value) ? (value as unknown[]) : [value]).entries()) {
      if (isDifferential(item) && !found.has(item)) found.set(item, Array.isArray(value) ? `${name}[${index}]` : name)
    }
  }
  return [...found].map(([differential, name]) => ({
    name: found.size === 1 ? vendor : `${vendor} ${name}`,
    differential,
  }))
}

/** Runs the command line; the exit code. Rejects only for programming errors in a vendor's files. */
export async function fuzz(args: readonly string[], tools: FuzzTools): Promise<number> {
  const asked = readArguments(args)
  if (typeof asked === 'string') {
    tools.write(asked)
    return asked === HELP ? 0 : 2
  }
  const seed = asked.seed ?? tools.seed()
  if (asked.patches) return fuzzPatches(asked.cases, seed, tools) ? 0 : 1
  if (asked.door) return (await compareDoors(asked.cases, seed, tools)) ? 0 : 1
  let code = 0
  if (asked.documents) {
    for (const vendor of asked.vendors) if (!fuzzDocuments(vendor, asked.cases, seed, tools)) code = 1
    return code
  }
  for (const vendor of asked.vendors) {
    const subjects = await subjectsOf(vendor)
    if (subjects.length === 0) throw new Error(`${vendor}/testing/differential.ts exports no Differential`)
    for (const subject of subjects) if (!(await compare(subject, asked.cases, seed, tools))) code = 1
  }
  return code
}

/** One comparison, told line by line. True when nothing differs and no exception is stale. */
export async function compare(
  { name, differential }: Subject,
  cases: number,
  seed: number,
  { write, progress, monotonic }: FuzzTools,
): Promise<boolean> {
  write(`${name}: ${count(cases)} evaluations, --seed ${seed}`)
  const start = monotonic()
  let said = start
  const rate = (done: number): string => `${count(Math.round((done * 1000) / Math.max(1, monotonic() - start)))}/s`
  try {
    const report = await runDifferential(differential, {
      seed,
      evaluations: cases,
      progress: (done) => {
        if (monotonic() - said < 250) return
        said = monotonic()
        progress(`${name}: ${count(done)} of ${count(cases)}, ${rate(done)}`)
      },
    })
    const stale = await staleExceptions(differential)
    for (const line of describe(name, report, rate(report.evaluations))) write(line)
    for (const line of stale) write(`  stale exception ${line}`)
    return report.difference === undefined && stale.length === 0
  } finally {
    await differential.close?.()
  }
}

/** The express lane beside node:http. True when every answer agrees and no socket stays open. */
async function compareDoors(cases: number, seed: number, { write, progress, monotonic }: FuzzTools): Promise<boolean> {
  write(`door: ${count(cases)} requests, --seed ${seed}`)
  let said = monotonic()
  const report = await fuzzDoors({
    seed,
    requests: cases,
    progress: (done) => {
      if (monotonic() - said < 250) return
      said = monotonic()
      progress(`door: ${count(done)} of ${count(cases)}`)
    },
  })
  const { requests, connections, served, handedOver, leaked, difference } = report
  const result = difference === undefined ? 'no difference' : 'A DIFFERENCE'
  write(
    `door: ${count(requests)} requests on ${count(connections)} connections, ${result}, ${leaked} sockets left open`,
  )
  write(`  ${count(served)} answered by the express lane, ${count(handedOver)} connections handed to node:http`)
  for (const line of difference?.split('\n') ?? []) write(`  ${line}`)
  return difference === undefined && leaked === 0
}

/** Hostile documents to one dialect. True when none of them hurt it. */
function fuzzDocuments(
  vendor: string,
  cases: number,
  seed: number,
  { write, progress, monotonic }: FuzzTools,
): boolean {
  write(`${vendor}: ${count(cases)} hostile documents, --seed ${seed}`)
  const run = new HostileRun(vendor)
  let said = monotonic()
  let taken = 0
  for (let done = 0; done < cases; done++) {
    // Seen by whoever watches a run that hangs: the case after it is the one.
    if (monotonic() - said >= 250) {
      said = monotonic()
      progress(`${vendor}: ${count(done)} of ${count(cases)}, now --seed ${seed + done}`)
    }
    const verdict = run.check(seed + done, monotonic)
    if (verdict.taken) taken++
    if (verdict.fault === undefined) continue
    write(`${vendor}: A FAULT after ${count(done + 1)} documents`)
    for (const line of verdict.fault.split('\n')) write(`  ${line}`)
    write(`  again: npm run fuzz -- --documents --vendor ${vendor} --cases 1 --seed ${seed + done}`)
    return false
  }
  write(
    `${vendor}: ${count(cases)} hostile documents, ${count(taken)} taken and ${count(cases - taken)} refused, no fault`,
  )
  return true
}

/** Documents that come in pieces beside their model. True when all end as the model says. */
function fuzzPatches(cases: number, seed: number, { write, progress, monotonic }: FuzzTools): boolean {
  write(`patches: ${count(cases)} histories, --seed ${seed}`)
  let said = monotonic()
  for (let done = 0; done < cases; done++) {
    const fault = patchFault(seed + done)
    if (fault !== undefined) {
      write(`patches: A FAULT after ${count(done + 1)} histories`)
      for (const line of fault.split('\n')) write(`  ${line}`)
      write(`  again: npm run fuzz -- --patches --cases 1 --seed ${seed + done}`)
      return false
    }
    if (monotonic() - said < 250) continue
    said = monotonic()
    progress(`patches: ${count(done)} of ${count(cases)}`)
  }
  write(`patches: ${count(cases)} histories end as the model says`)
  return true
}

function* describe(name: string, report: Report, rate: string): Generator<string> {
  const { evaluations, scenarios, excepted, difference, seed } = report
  const result = difference === undefined ? 'no difference' : 'A DIFFERENCE'
  yield `${name}: ${count(evaluations)} evaluations of ${count(scenarios)} documents, ${rate}, ${result}`
  for (const [id, times] of [...excepted].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield `  exception ${id} used ${count(times)} times`
  if (difference === undefined) return
  yield* difference.split('\n').map((line) => `  ${line}`)
  yield `  again: npm run fuzz -- --vendor ${name.split(' ')[0]} --cases ${evaluations} --seed ${seed}`
}

interface Asked {
  readonly vendors: readonly string[]
  readonly door: boolean
  readonly documents: boolean
  readonly patches: boolean
  readonly cases: number
  readonly seed: number | undefined
}

/** What was asked, or the text to print instead. */
function readArguments(args: readonly string[]): Asked | string {
  const known = fuzzableVendors()
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        vendor: { type: 'string', multiple: true, default: [...known] },
        door: { type: 'boolean', default: false },
        documents: { type: 'boolean', default: false },
        patches: { type: 'boolean', default: false },
        cases: { type: 'string', default: String(DEFAULT_CASES) },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) return HELP
    const unknown = values.vendor.find((vendor) => !known.includes(vendor))
    if (unknown !== undefined)
      return `there is nothing to compare ${JSON.stringify(unknown)} with; known: ${known.join(', ')}`
    const cases = wholeNumber(values.cases)
    const seed = values.seed === undefined ? undefined : wholeNumber(values.seed)
    if (cases === undefined || cases === 0) return '--cases must be a whole number above 0'
    if (values.seed !== undefined && seed === undefined) return '--seed must be a whole number below 2147483648'
    const { vendor: vendors, door, documents, patches } = values
    return { vendors, door, documents, patches, cases, seed }
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`
  }
}

function wholeNumber(text: string): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return value < 2 ** 31 ? value : undefined
}

function isDifferential(value: unknown): value is Differential {
  return (
    typeof value === 'object' &&
    value !== null &&
    'oracle' in value &&
    typeof value.oracle === 'function' &&
    'scenarios' in value &&
    'comparable' in value &&
    'exceptions' in value
  )
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

if (import.meta.main) {
  const live = process.stderr.isTTY
  let shown = performance.now()
  const code = await fuzz(process.argv.slice(2), {
    write: (line) => void process.stdout.write(`${line}\n`),
    progress: (line) => {
      if (live) process.stderr.write(`\r\u001b[K${line}\r`)
      else if (performance.now() - shown > 10_000) {
        shown = performance.now()
        process.stderr.write(`${line}\n`)
      }
    },
    seed: () => Math.floor(Math.random() * 2 ** 31),
    monotonic: () => performance.now(),
  })
  // Vendors' SDKs leave timers behind that would keep the process waiting.
  process.exit(code)
}
