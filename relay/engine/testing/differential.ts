/**
 * Differential testing: the same questions to our engine and to the vendor's own, over documents made from a grammar.
 *
 * A vendor's folder provides a `Differential`: a generator of scenarios that reaches every operator and boundary, an
 * oracle that runs the vendor's npm SDK, and the reviewed list of rules on which the two may differ. A difference is
 * shrunk to its smallest scenario. An exception must prove itself on every run: one that no longer reproduces fails.
 */
import fc from 'fast-check'
import { compileWith } from '../compile.ts'
import type { Dialect } from '../dialect.ts'
import type { Context, Evaluation, ValueType } from '../outcome.ts'
import type { Ruleset } from '../ruleset.ts'

/** For 200 documents, which take a second or two where no answer differs. */
const LONGEST_BATCH_MS = 60_000

export interface Question {
  readonly key: string
  readonly context: Context
  readonly type?: ValueType
}

export interface Scenario {
  readonly document: object
  readonly options?: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch, for both engines. */
  readonly now: number
  /** What both engines draw whenever they leave something to chance, in [0, 1). Default: our engine draws for real. */
  readonly random?: number
  readonly questions: readonly Question[]
}

/** The comparable part of an answer; members a vendor's SDK cannot tell are left out on both sides by `comparable`. */
export type Answer = Readonly<Record<string, unknown>>

export interface OracleException {
  readonly id: string
  /** Why the difference is right, and where the rule is written down. */
  readonly why: string
  /** The smallest scenario that shows it: both engines must still answer these, differently. */
  readonly shows: { readonly scenario: Scenario; readonly ours: Answer; readonly theirs: Answer }
  /** Whether a found difference is this one. Keep it narrow: it hides every difference it accepts. */
  covers(question: Question, scenario: Scenario, ours: Answer, theirs: Answer): boolean
}

export interface Differential {
  readonly vendor: string
  readonly dialect: Dialect
  readonly scenarios: fc.Arbitrary<Scenario>
  /** One answer per question, in order. */
  oracle(scenario: Scenario): Promise<readonly Answer[]> | readonly Answer[]
  /** Our answer reduced to what the oracle can tell. */
  comparable(evaluation: Evaluation, question: Question): Answer
  readonly exceptions: readonly OracleException[]
  close?(): Promise<void>
}

export interface Report {
  readonly vendor: string
  readonly seed: number
  readonly scenarios: number
  readonly evaluations: number
  /** How often each exception explained a difference. */
  readonly excepted: ReadonlyMap<string, number>
  /** The shrunk first difference, readable; undefined when there is none. */
  readonly difference?: string
}

/** Runs until `evaluations` questions were compared or a difference is found. */
export async function runDifferential(
  differential: Differential,
  options: { readonly seed: number; readonly evaluations: number; readonly progress?: (done: number) => void },
): Promise<Report> {
  const excepted = new Map<string, number>()
  let evaluations = 0
  let scenarios = 0
  let batch = 0
  while (evaluations < options.evaluations) {
    const details = await fc.check(
      fc.asyncProperty(differential.scenarios, async (scenario) => {
        scenarios++
        evaluations += scenario.questions.length
        const found = await differences(differential, scenario, excepted)
        if (found !== undefined) throw new Error(found)
      }),
      {
        seed: options.seed + batch,
        numRuns: 200,
        endOnFailure: false,
        // Shrinking a document over which the vendor's engine takes seconds would go on for hours.
        interruptAfterTimeLimit: LONGEST_BATCH_MS,
        markInterruptAsFailure: true,
      },
    )
    if (details.failed) {
      const reason = details.errorInstance instanceof Error ? details.errorInstance.message : 'the oracle failed'
      const difference = `${reason}\nfound with --seed ${options.seed} in batch ${batch}, shrunk ${details.numShrinks} times`
      return { vendor: differential.vendor, seed: options.seed, scenarios, evaluations, excepted, difference }
    }
    batch++
    options.progress?.(evaluations)
  }
  return { vendor: differential.vendor, seed: options.seed, scenarios, evaluations, excepted }
}

/** Describes the first unexplained difference of one scenario; also holds `explain` and `evaluateAll` to `evaluate`. */
async function differences(
  differential: Differential,
  scenario: Scenario,
  excepted: Map<string, number>,
): Promise<string | undefined> {
  const ruleset = compiled(differential, scenario)
  const theirs = await differential.oracle(scenario)
  for (const [index, question] of scenario.questions.entries()) {
    const evaluation = ruleset.evaluate(question.key, question.context, question.type, scenario)
    const ours = differential.comparable(evaluation, question)
    const other = theirs[index] ?? {}
    if (question.type === undefined) {
      const { trace: _trace, ...explained } = ruleset.explain(question.key, question.context, scenario)
      if (!equal(explained, evaluation))
        return show('explain differs from evaluate', scenario, question, evaluation, explained)
    }
    if (equal(ours, other)) continue
    const exception = differential.exceptions.find((known) => known.covers(question, scenario, ours, other))
    if (exception === undefined) return show('the vendor answers otherwise', scenario, question, ours, other)
    excepted.set(exception.id, (excepted.get(exception.id) ?? 0) + 1)
  }
  return undefined
}

function compiled({ dialect }: Differential, { document, options, random }: Scenario): Ruleset {
  const drawn = random === undefined ? {} : { random: (): number => random }
  return compileWith(dialect, { document, ...(options === undefined ? {} : { options }), ...drawn }).ruleset
}

/** Lists the exceptions that no longer show what they claim; empty when all still do. */
export async function staleExceptions(differential: Differential): Promise<string[]> {
  const stale: string[] = []
  for (const { id, shows } of differential.exceptions) {
    const [question] = shows.scenario.questions
    if (question === undefined) {
      stale.push(`${id}: its scenario asks nothing`)
      continue
    }
    const ruleset = compiled(differential, shows.scenario)
    const evaluation = ruleset.evaluate(question.key, question.context, question.type, shows.scenario)
    const ours = differential.comparable(evaluation, question)
    const [theirs = {}] = await differential.oracle(shows.scenario)
    if (!equal(ours, shows.ours)) stale.push(`${id}: we now answer ${JSON.stringify(ours)}`)
    if (!equal(theirs, shows.theirs)) stale.push(`${id}: the vendor now answers ${JSON.stringify(theirs)}`)
  }
  return stale
}

/** Structural equality by JSON, member order aside; undefined members count as absent. */
function equal(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}

function show(what: string, scenario: Scenario, question: Question, ours: unknown, theirs: unknown): string {
  return [
    what,
    `question: ${JSON.stringify(question)}`,
    `ours:     ${JSON.stringify(ours)}`,
    `theirs:   ${JSON.stringify(theirs)}`,
    `options:  ${JSON.stringify(scenario.options ?? {})}  now: ${scenario.now}`,
    `document: ${JSON.stringify(scenario.document)}`,
  ].join('\n')
}
