/**
 * What an answer must be: documented, from one document only, equal to the oracle, in time, and never older than what
 * the same replica has answered before. A failure that is only counted teaches nothing, so the first ones are kept whole.
 */
import { exactly, quietly } from '../promise.ts'
import type { Figure } from '../promise.ts'

/** How an answer may be wrong. */
export type Fault = 'status' | 'value' | 'revision' | 'late' | 'lost' | 'regression' | 'not-modified'

/** Longest time from the moment a request was due to its answer, ms. */
export const LATEST_MS = 1_000
/** What a replica served must be stored this long after, ms: it may die at any moment. */
const STORED_MS = 2_000
const SHOWN = 8

export class Checker {
  answers = 0
  readonly faults: Map<Fault, number> = new Map()
  readonly examples: string[] = []
  /** The newest document seen per replica, and when it was first seen. */
  readonly #seen = new Map<string, { readonly n: number; readonly at: number }[]>()
  readonly #revisions = new Map<string, number>()
  readonly #numbers = new Map<number, string>()
  #newest = 0

  /** The figures that every promise about evaluation has. Lateness is judged on a quiet machine only. */
  figures(): readonly Figure[] {
    return [
      exactly('failed evaluations', this.of('status', 'value', 'revision', 'lost', 'not-modified'), 0),
      quietly(exactly('answers later than 1 s', this.of('late'), 0)),
      exactly('older answers', this.of('regression'), 0),
    ]
  }

  /** The newest document that any answer came from. */
  get newest(): number {
    return this.#newest
  }

  of(...faults: readonly Fault[]): number {
    return faults.reduce((sum, fault) => sum + (this.faults.get(fault) ?? 0), 0)
  }

  fault(fault: Fault, example: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1)
    if (this.examples.length < SHOWN) this.examples.push(`${fault}: ${example}`)
  }

  /** To be held against the answer: what the replica had served when the question left. */
  floors(): ReadonlyMap<string, number> {
    const floors = new Map<string, number>()
    for (const [replica, seen] of this.#seen) floors.set(replica, seen.at(-1)?.n ?? 0)
    return floors
  }

  /** An answer of this replica comes from document `n`, which its revision names. */
  version(replica: string, n: number, revision: string, floors: ReadonlyMap<string, number>): void {
    const known = this.#revisions.get(revision)
    if ((known ?? n) !== n || (this.#numbers.get(n) ?? revision) !== revision) {
      this.fault('revision', `revision ${revision} is document ${known}, and answers ${n}`)
    }
    this.#revisions.set(revision, n)
    this.#numbers.set(n, revision)
    const floor = floors.get(replica) ?? 0
    if (n < floor) this.fault('regression', `replica ${replica} answers from ${n} after ${floor}`)
    const seen = this.#seen.get(replica) ?? []
    if (n > (seen.at(-1)?.n ?? 0)) seen.push({ n, at: performance.now() })
    this.#seen.set(replica, seen)
    this.#newest = Math.max(this.#newest, n)
  }

  /** The document that this revision was the name of, if it is known. */
  documentOf(revision: string): number | undefined {
    return this.#revisions.get(revision)
  }

  /** The replica was killed: what it served long enough before is stored, and is the least it may come back with. */
  killed(replica: string): void {
    const before = performance.now() - STORED_MS
    this.#seen.set(replica, this.#seen.get(replica)?.filter(({ at }) => at < before) ?? [])
  }
}
