/**
 * What a flagd document means, by the answers of the Go daemon: a flag's targeting names a variant, gives nothing, or
 * fails; every outcome is known beforehand.
 */
import type { Dialect, Tools } from '../../dialect.ts'
import { spellNumbers } from '../../numbers.ts'
import type { Json, Metadata } from '../../outcome.ts'
import { typeOf } from '../../outcome.ts'
import type { Coerce, Decision, FlagPlan, OutcomeSpec, Plan } from '../../plan.ts'
import { finish } from '../../steps.ts'
import { readDocument, readFlag } from './document.ts'
import type { Flag, FlagdDocument } from './document.ts'
import { Evaluators } from './evaluators.ts'
import { readOptions } from './options.ts'
import { targetingTerm } from './targeting.ts'

/** The dialect of flagd documents. Its options are in options.ts. */
export const flagd: Dialect<FlagdDocument> = {
  name: 'flagd',
  read: (json, options, tools) => finish(read(json, options, tools)),
  lower: (document, options, tools) => finish(lower(document, options, tools)),
  readInSteps: read,
  lowerInSteps: lower,
}

type Options = Readonly<Record<string, unknown>>

function* read(json: unknown, options: Options, tools: Tools): Generator<void, FlagdDocument> {
  readOptions(options)
  return yield* readDocument(json, tools)
}

function* lower(document: FlagdDocument, options: Options, tools: Tools): Generator<void, Plan> {
  const { fractional } = readOptions(options)
  const evaluators = new Evaluators(document.evaluators)
  const flags: FlagPlan[] = []
  for (const [key, { path, definition }] of document.flags) {
    const build = (): FlagPlan => {
      const { value, used } = evaluators.expand(definition)
      const warn = (place: string, message: string): void =>
        tools.warn({ flag: key, path: `${path}.${place}`, message })
      const flag = readFlag(value, document.metadata, warn)
      const plan = lowerFlag(key, flag, fractional, tools)
      // Whatever is merged into a flag belongs to it: a change of it is a change of the flag.
      return { ...plan, definition: [definition, document.metadata, used] }
    }
    flags.push(tools.flag(key, path, [definition, document.metadata], build))
    yield
  }
  return { flags, segments: new Map(), metadata: document.metadata }
}

/** A list is no object to the daemon. */
const coerce: Coerce = ({ value }, type) =>
  value !== undefined && typeOf(value) === type && !Array.isArray(value) ? { value } : undefined

function lowerFlag(key: string, flag: Flag, generation: 2 | 3, tools: Tools): Omit<FlagPlan, 'definition'> {
  const metadata = Object.keys(flag.metadata).length === 0 ? {} : { metadata: flag.metadata }
  return {
    key,
    decide: decide(key, flag, metadata, generation, tools),
    coerce,
    fault: {
      reason: 'ERROR',
      errorCode: 'PARSE_ERROR',
      errorDetails: 'the targeting of the flag cannot be applied to this context',
      ...metadata,
    },
  }
}

function decide(
  key: string,
  flag: Flag,
  metadata: { readonly metadata?: Metadata },
  generation: 2 | 3,
  tools: Tools,
): Decision {
  if (flag.disabled) return serve({ reason: 'DISABLED', ...metadata })
  const variants = readVariants(flag, tools)
  const variant = flag.defaultVariant === undefined ? undefined : variants.get(flag.defaultVariant)
  if (flag.targeting === undefined) {
    return serve({ ...variant, reason: variant === undefined ? 'DEFAULT' : 'STATIC', ...metadata })
  }
  return {
    kind: 'switch',
    on: targetingTerm(key, flag.targeting, generation),
    cases: new Map(
      [...variants].map(([name, spec]) => [name, serve({ ...spec, reason: 'TARGETING_MATCH', ...metadata })]),
    ),
    none: serve({ ...variant, reason: 'DEFAULT', ...metadata }),
    otherwise: serve({
      reason: 'ERROR',
      errorCode: 'GENERAL',
      errorDetails: 'the targeting of the flag names a variant that it does not have',
      ...metadata,
    }),
  }
}

function serve(outcome: OutcomeSpec): Decision {
  return { kind: 'serve', outcome }
}

type Variant = Pick<OutcomeSpec, 'value' | 'valueText' | 'variant'>

function readVariants({ variants }: Flag, tools: Tools): ReadonlyMap<string, Variant> {
  const entries: readonly [string, Json][] = Object.entries(variants)
  const spelled = entries.map(([name, value]) => {
    const text = tools.spelling.encode(variants, name)
    return { value, ...(text === JSON.stringify(value) ? {} : { valueText: text }) }
  })
  const texts = spellNumbers(spelled)
  return new Map(
    entries.map(([name, value], index) => {
      const valueText = texts[index]
      return [name, { value, variant: name, ...(valueText === undefined ? {} : { valueText }) }]
    }),
  )
}
