/**
 * A dialect just for tests of the serving side: small enough to read at a glance, compiled by the real engine, so that
 * what is served here is a real Ruleset without resting on any vendor's format.
 */
import { compileWith } from '../../engine/compile.ts'
import type { Dialect } from '../../engine/dialect.ts'
import type { Json, Metadata } from '../../engine/outcome.ts'
import type { Decision, FlagPlan, OutcomeSpec, Rule } from '../../engine/plan.ts'
import { FlagError } from '../../engine/problem.ts'
import { predicate } from '../../engine/predicates/predicate.ts'
import type { Ruleset } from '../../engine/ruleset.ts'
import { attribute } from '../../engine/terms.ts'

export interface TestFlag {
  readonly variants: Readonly<Record<string, Json>>
  /** Absent: no value, the caller's default applies. */
  readonly serve?: string
  readonly rules?: readonly { readonly attribute: string; readonly equals: Json; readonly serve: string }[]
  readonly disabled?: boolean
  readonly needsTargetingKey?: boolean
  /** From this moment on, ms. */
  readonly from?: number
  readonly random?: boolean
  readonly serverOnly?: boolean
  readonly broken?: boolean
  readonly metadata?: Metadata
}

export interface TestDocument {
  readonly flags: Readonly<Record<string, TestFlag>>
  readonly metadata?: Metadata
}

const tests: Dialect<TestDocument> = {
  name: 'tests',
  read: (json) => json as TestDocument,
  lower: (document, _options, tools) => ({
    flags: Object.entries(document.flags).map(([key, flag]) =>
      tools.flag(key, `flags.${key}`, flag, () => lower(key, flag, (variant) => spell(flag, variant))),
    ),
    segments: new Map(),
    ...(document.metadata === undefined ? undefined : { metadata: document.metadata }),
  }),
}

/** Compiles JSON text with the engine. */
export function ruleset(document: TestDocument | string): Ruleset {
  return compileWith(tests, { document: typeof document === 'string' ? document : JSON.stringify(document) }).ruleset
}

/** Numbers are spelled the way typed clients need them: with a fraction as soon as any variant has one. */
function spell(flag: TestFlag, variant: string): string | undefined {
  const value = flag.variants[variant]
  const fractional = Object.values(flag.variants).some((one) => typeof one === 'number' && !Number.isInteger(one))
  return typeof value === 'number' && Number.isInteger(value) && fractional ? `${value}.0` : undefined
}

function lower(key: string, flag: TestFlag, spelling: (variant: string) => string | undefined): FlagPlan {
  if (flag.broken === true) throw new FlagError('broken', 'this flag is broken')
  const metadata = flag.metadata === undefined ? undefined : { metadata: flag.metadata }
  const outcome = (variant: string | undefined, reason: OutcomeSpec['reason']): Decision => {
    if (variant === undefined) return { kind: 'serve', outcome: { reason, ...metadata } }
    const value = flag.variants[variant]
    if (value === undefined) throw new FlagError('serve', `no variant ${variant}`)
    const valueText = spelling(variant)
    const text = valueText === undefined ? undefined : { valueText }
    return { kind: 'serve', outcome: { value, variant, reason, ...text, ...metadata } }
  }
  const rules: Rule[] = (flag.rules ?? []).map(({ attribute: name, equals, serve }) => ({
    name: `${name} is ${JSON.stringify(equals)}`,
    if: {
      kind: 'test',
      term: attribute(name),
      predicate: predicate('equals', equals, (value) => JSON.stringify(value) === JSON.stringify(equals)),
    },
    then: outcome(serve, 'TARGETING_MATCH'),
  }))
  const otherwise = outcome(flag.serve, rules.length > 0 || flag.serve === undefined ? 'DEFAULT' : 'STATIC')
  if (flag.needsTargetingKey === true) {
    rules.unshift({
      name: 'targeting key',
      if: {
        kind: 'all',
        of: [
          {
            kind: 'test',
            term: attribute('targetingKey'),
            predicate: predicate('absent', undefined, (value) => typeof value !== 'string' || value === ''),
          },
          { kind: 'fail', outcome: { reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' } },
        ],
      },
      then: { kind: 'pass' },
    })
  }
  if (flag.from !== undefined) {
    rules.unshift({ name: 'schedule', if: { kind: 'time', until: flag.from }, then: outcome(undefined, 'DISABLED') })
  }
  if (flag.random === true) {
    const bucket = { name: 'chance', reads: [], volatile: 'random', of: () => 0 } as const
    rules.unshift({ name: 'chance', if: { kind: 'bucket', bucket, from: 1, to: 2, ends: 'closed' }, then: otherwise })
  }
  return {
    key,
    definition: flag,
    clientVisible: flag.serverOnly !== true,
    decide: flag.disabled === true ? outcome(undefined, 'DISABLED') : { kind: 'rules', rules, otherwise },
  }
}
