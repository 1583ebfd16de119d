/**
 * Compiling a large document with pauses, for hosts that answer requests meanwhile: tens of thousands of flags take a
 * second or more in one go. The result is the one of `compile`; nothing of it can be seen before it is whole.
 *
 * Flags are most of the work and are built one by one after their dialect has named them all, or while it does where it
 * looks at them (`Dialect.looksAtFlags`). One that looks without saying so is noticed, and gets all of them built at once.
 */
import { decode, quarantining, rulesetOf } from './compile.ts'
import type { Compiled } from './compile.ts'
import type { Dialect, Tools } from './dialect.ts'
import { parseDocument } from './json.ts'
import { assemble, outline } from './outline.ts'
import type { Outline } from './outline.ts'
import type { FlagPlan, Plan } from './plan.ts'
import type { Problem } from './problem.ts'
import type { Spelling } from './json.ts'

export interface StepsInput {
  readonly document: Uint8Array
  /** What `survey` found in exactly these bytes. */
  readonly outline: Outline
  /** SHA-256 of the document's bytes in hex. */
  readonly sha256: string
  readonly options?: Readonly<Record<string, unknown>>
  /** As for `compile`. */
  readonly random?: () => number
}

/** Checks bytes as `compile` would and outlines them in pieces of that size; for another thread. Throws DocumentError. */
export function survey(bytes: Uint8Array, pieceBytes?: number): Outline {
  const text = decode(bytes)
  parseDocument(text)
  return outline(bytes, text, pieceBytes)
}

/** Compiles step by step: a step is mostly one flag. Throws DocumentError when nothing of the document can be used. */
export function* compileStepsWith(dialect: Dialect, input: StepsInput): Generator<void, Compiled> {
  const { document, options = {}, sha256, random = Math.random } = input
  const { json, spelling } = yield* assemble(document, input.outline)
  const work = new Workshop(spelling)
  const read =
    dialect.readInSteps === undefined
      ? dialect.read(json, options, work)
      : yield* dialect.readInSteps(json, options, work)
  yield
  const plan = yield* lower(dialect, read, options, work)
  const ruleset = yield* rulesetOf(dialect, plan, options, sha256, random)
  // Whoever serves it asks for the facts of all flags at once.
  yield* ruleset.inspecting()
  return { ruleset, problems: work.problems() }
}

function* lower(
  dialect: Dialect,
  read: unknown,
  options: Readonly<Record<string, unknown>>,
  work: Workshop,
): Generator<void, Plan> {
  const before = work.problems()
  let plan: Plan
  try {
    work.deferring = dialect.looksAtFlags !== true
    plan =
      dialect.lowerInSteps === undefined
        ? dialect.lower(read, options, work)
        : yield* dialect.lowerInSteps(read, options, work)
  } catch (error) {
    if (!(error instanceof TooEarly)) throw error
    work.back(before)
    return dialect.lower(read, options, work)
  } finally {
    work.deferring = false
  }
  yield
  const flags: FlagPlan[] = []
  for (const flag of plan.flags) {
    flags.push(work.built(flag))
    yield
  }
  return { ...plan, flags }
}

/** Thrown by a flag that is not built yet. */
class TooEarly extends Error {
  override readonly name = 'TooEarly'
}

function refuse(): never {
  throw new TooEarly('the flag is not built yet')
}

/** What a flag that is not built yet will be built from. */
interface Later {
  readonly key: string
  readonly path: string
  readonly definition: unknown
  readonly build: () => FlagPlan
  readonly place: number
}

const LATER = Symbol('later')

/** One handler for all: there are as many flags that are not built yet as the document has. */
const notYet: ProxyHandler<Later> = {
  get: (later, property) => (property === 'key' ? later.key : property === LATER ? later : refuse()),
  has: refuse,
  ownKeys: refuse,
}

/** The tools of a dialect that keep flags for later and list findings in the order in which `compile` does. */
class Workshop implements Tools {
  readonly spelling: Spelling
  deferring = false
  /** With the place in which `compile` would have found it. */
  #found: { readonly place: number; readonly problem: Problem }[] = []
  #place = 0

  constructor(spelling: Spelling) {
    this.spelling = spelling
  }

  warn(problem: Omit<Problem, 'severity'>): void {
    this.#found.push({ place: this.#place, problem: { ...problem, severity: 'warning' } })
  }

  flag(key: string, path: string, definition: unknown, build: () => FlagPlan): FlagPlan {
    if (!this.deferring) return this.#build(key, path, definition, build)
    const place = ++this.#place
    this.#place++
    return new Proxy({ key, path, definition, build, place } satisfies Later, notYet) as unknown as FlagPlan
  }

  #build(key: string, path: string, definition: unknown, build: () => FlagPlan): FlagPlan {
    const problems: Problem[] = []
    const flag = quarantining({ key, path, definition, build, spelling: this.spelling }, problems)
    for (const problem of problems) this.#found.push({ place: this.#place, problem })
    return flag
  }

  /** The flag itself for one that was kept for later. */
  built(flag: FlagPlan): FlagPlan {
    const later = (flag as { readonly [LATER]?: Later })[LATER]
    if (later === undefined) return flag
    this.#place = later.place
    return this.#build(later.key, later.path, later.definition, later.build)
  }

  problems(): readonly Problem[] {
    return this.#found.toSorted((one, other) => one.place - other.place).map(({ problem }) => problem)
  }

  /** Forgets all that came after these problems. */
  back(problems: readonly Problem[]): void {
    this.#found = problems.map((problem) => ({ place: 0, problem }))
    this.#place = 0
    this.deferring = false
  }
}
