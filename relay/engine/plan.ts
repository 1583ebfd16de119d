/**
 * The Plan: what a vendor's document means, as plain data.
 *
 * A dialect lowers its document to a Plan once; the fast evaluator (compile.ts), the readable explanation
 * (explain.ts) and the comparison of two documents (changes.ts) all read the same Plan. Its structure is common to
 * all vendors: decisions, conditions, splits, references. What differs between vendors sits in the leaves, which are
 * named and fully parsed before the first evaluation. Shared code must never ask which vendor a Plan came from: a
 * dialect that needs something new adds a property here that any vendor could declare.
 */
import type { Context, ErrorCode, Json, Metadata, Reason, ValueType } from './outcome.ts'

/** What an evaluation runs on. One frame is reused for many evaluations, so leaves must not keep it. */
export interface Frame {
  /** The caller's OpenFeature evaluation context. Read own members only. */
  readonly context: Context
  /** Milliseconds since the epoch; the same for every flag of one `evaluateAll`. */
  readonly now: number
  /** Uniform in [0, 1); only leaves that declare `volatile: 'random'` may call it. */
  readonly random: () => number
}

/**
 * Which top-level members of the context a leaf reads; `'*'` when that cannot be listed. A context is projected onto
 * these for ETags and caches, so a leaf that reads more than it declares would serve one user's answer to another.
 */
export type Reads = readonly string[] | '*'

/** A leaf whose result changes without a change of context: by the clock at no listed moment, or at random. */
export type Volatile = 'clock' | 'random'

interface Leaf {
  /** Shown by `explain` and in diagnostics, such as `country` or `murmur3(flag key + targeting key)`. */
  readonly name: string
  readonly reads: Reads
  readonly volatile?: Volatile
  /** The contexts for which `volatile` is true; must depend on `reads` alone. Default: all of them. */
  readonly volatileFor?: (context: Context) => boolean
}

/** A value read or computed from the frame. A thrown exception ends the evaluation with the flag's `fault`. */
export interface Term extends Leaf {
  read(frame: Frame): unknown
}

/** A named test on one value, with everything parsed beforehand (regex, date, version, set). */
export interface Predicate {
  /** The vendor's own name of the operator, such as `IsOneOf`. */
  readonly name: string
  /** The operand as `explain` shows it. */
  readonly operand?: Json
  test(value: unknown): boolean
}

/** Where a subject falls in a split: a number on the scale that the ranges use, or NaN when it has no unit to hash. */
export interface Bucket extends Leaf {
  of(frame: Frame): number
}

/** Closed ranges contain both ends, half-open ones exclude `to`. */
export type Ends = 'closed' | 'half-open'

export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'test'; readonly term: Term; readonly predicate: Predicate }
  /**
   * Holds when the named entry of `Plan.segments` holds. `onCycle` stands in when that segment is already being
   * evaluated; default: it does not hold.
   */
  | { readonly kind: 'segment'; readonly id: string; readonly onCycle?: Condition }
  /**
   * Asks another flag. `holds` sees that flag's outcome, errors included; `onError`, when given, ends this evaluation
   * instead whenever the other flag's outcome is one that `isError` accepts, by default one with an error code.
   * `onCycle` stands in when the other flag is already being evaluated.
   */
  | {
      readonly kind: 'flag'
      readonly key: string
      readonly name: string
      readonly holds: (outcome: OutcomeSpec) => boolean
      readonly onError?: OutcomeSpec
      readonly isError?: (outcome: OutcomeSpec) => boolean
      readonly onCycle: Condition
    }
  /** Holds while the named flag is being evaluated further up, that is, where asking it would close a circle. */
  | { readonly kind: 'asking'; readonly key: string }
  | {
      readonly kind: 'bucket'
      readonly bucket: Bucket
      readonly from: number
      readonly to: number
      readonly ends: Ends
    }
  /** Holds while `from` ≤ now < `until` (ms since the epoch); an absent end is open. */
  | { readonly kind: 'time'; readonly from?: number; readonly until?: number }
  /** Ends the whole evaluation of this flag with the outcome. */
  | { readonly kind: 'fail'; readonly outcome: OutcomeSpec }
  /** As `of`; where that ends the evaluation through a `fail`, `instead` is asked and the evaluation goes on. */
  | { readonly kind: 'recover'; readonly of: Condition; readonly instead: Condition }
  /**
   * As `of`, and once it was asked, the evaluation that the caller asked for, whichever way it ends, answers with the
   * `FlagPlan.noted` form of its outcome: for what a vendor reports about the way to an answer.
   */
  | { readonly kind: 'note'; readonly name: string; readonly of: Condition }

/** How a flag arrives at its outcome. `pass` gives the word back to the enclosing list of rules. */
export type Decision =
  | { readonly kind: 'serve'; readonly outcome: OutcomeSpec }
  | { readonly kind: 'pass' }
  /** The first rule whose condition holds and whose decision does not pass; else `otherwise`. */
  | { readonly kind: 'rules'; readonly rules: readonly Rule[]; readonly otherwise: Decision }
  /** The first range that contains the bucket; `otherwise` when none does or there is no unit (NaN). */
  | {
      readonly kind: 'split'
      readonly bucket: Bucket
      readonly ranges: readonly Range[]
      readonly ends: Ends
      readonly otherwise: Decision
    }
  /** By the text that `on` reads: its case, `none` for null and undefined, `otherwise` for any other value. */
  | {
      readonly kind: 'switch'
      readonly on: Term
      readonly cases: ReadonlyMap<string, Decision>
      readonly none: Decision
      readonly otherwise: Decision
    }

export interface Rule {
  /** The vendor's name, id or index of the rule, for `explain`. */
  readonly name: string
  readonly if: Condition
  readonly then: Decision
}

export interface Range {
  readonly from: number
  readonly to: number
  readonly then: Decision
}

/** One possible answer of a flag, known before any evaluation. */
export interface OutcomeSpec {
  readonly value?: Json
  /** The value's JSON text where its spelling must survive (`1.0`, digits beyond 2^53); default `JSON.stringify`. */
  readonly valueText?: string
  readonly variant?: string
  readonly reason: Reason
  readonly errorCode?: ErrorCode
  readonly errorDetails?: string
  readonly metadata?: Metadata
  /** Anything a `flag` condition of the same dialect wants to see that clients do not. */
  readonly tag?: unknown
  /**
   * The answer to a caller who names a type, for vendors that store text and convert it on request: an outcome whose
   * own conversion is an error may still answer as another type. Asked once per type. Default: `FlagPlan.coerce`.
   */
  readonly as?: (type: ValueType) => OutcomeSpec
}

/** The answer to a caller who names a type: a value of that type, or undefined for a TYPE_MISMATCH. */
export type Coerce = (outcome: OutcomeSpec, type: ValueType) => { readonly value: Json } | undefined

export interface FlagPlan {
  readonly key: string
  readonly decide: Decision
  /** The flag as the document has it: two plans with equal definitions and references answer alike. */
  readonly definition: unknown
  /** Default: the value's own JSON type must be the one asked for. */
  readonly coerce?: Coerce
  /** What the caller gets instead when a `note` was asked on the way. Default: the outcome as it is. */
  readonly noted?: (outcome: OutcomeSpec) => OutcomeSpec
  /** The answer when a leaf throws. Default: ERROR / GENERAL. */
  readonly fault?: OutcomeSpec
  /** Whether keys of scope `client` may see this flag. Default true. */
  readonly clientVisible?: boolean
  /** Left out of `keys` and `evaluateAll`, still answers by name and to other flags. Default false. */
  readonly hidden?: boolean
}

export interface SegmentPlan {
  readonly condition: Condition
  readonly definition: unknown
}

export interface Plan {
  /** In document order, which is the order of `evaluateAll`. */
  readonly flags: readonly FlagPlan[]
  readonly segments: ReadonlyMap<string, SegmentPlan>
  /** Metadata of the whole flag set, such as `flagSetId` and `version`. */
  readonly metadata?: Metadata
  /**
   * Contexts of which any member may matter, whatever the leaves declare, for vendors whose context can be a bundle of
   * subjects. Must depend on declared members alone. Default: none.
   */
  readonly readsAll?: (context: Context) => boolean
  /**
   * For vendors whose callers may name the moment they ask about: ms since the epoch, or undefined for the clock of the
   * engine. Counts as read wherever time matters. Must depend on `reads` alone. Default: the clock of the engine.
   */
  readonly clock?: { readonly reads: readonly string[]; at(context: Context): number | undefined }
  /**
   * Whether the flag that the caller asked for counts as being evaluated when others ask it (`caller`, the default), or
   * only flags that were asked by a flag do (`references`): a circle is then found one flag later.
   */
  readonly circlesFrom?: 'caller' | 'references'
  /** Maps spellings of a key to the one in `flags`, such as `feature:` to `feature`. Default: as it is. */
  readonly keyOf?: (key: string) => string
  /**
   * The answer for a key that no flag has, to a caller who may have named a type; for vendors whose keys have parts, of
   * which some may be known. Must depend on nothing else. Default: FLAG_NOT_FOUND.
   */
  readonly missing?: (key: string, type: ValueType | undefined) => OutcomeSpec
}
