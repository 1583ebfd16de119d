/**
 * The two Flagsmiths: the Python engine, which the vendor's servers run, and npm SDK 8.1.2. They disagree on ordinary
 * inputs. What differs is declared here as properties; lowering reads these and never asks for a profile's name.
 */
import { DocumentError } from '../../problem.ts'
import type { Bucket, Predicate, Term } from '../../plan.ts'
import { asText, bucketOf } from './bucketing.ts'
import { floatOf, printed, propertyOf } from './casts.ts'
import { nodeList } from './lists.ts'
import type { Condition } from './model.ts'
import { nodeOperator } from './operators-node.ts'
import { pythonOperator } from './operators.ts'
import { parsePath } from './path.ts'
import { nodeProperty, pythonProperty } from './subject.ts'
import type { Subject, SubjectOptions } from './subject.ts'

export interface Profile {
  /** What a condition's property reads; undefined when the condition can never hold. */
  readonly property: (property: string, subject: Subject) => Term | undefined
  /** `undefined` for an operator that does not exist; `report` hears of values that have no meaning. */
  readonly operator: (condition: Condition, report: (message: string) => void) => Predicate | undefined
  /** What a percentage split hashes; undefined when the condition can never hold. */
  readonly bucket: (segmentKey: string, property: string, subject: Subject) => Bucket | undefined
  /** The number that a percentage is written as; undefined for none. */
  readonly percentage: (text: string) => number | undefined
  /** The identifiers that get the overrides of these identities, which share them. */
  readonly identifiers: (identifiers: readonly string[]) => Iterable<string>
  /** An identity's override keeps its variants, instead of having none. */
  readonly splitsIdentities: boolean
  /** Answers name the variant. */
  readonly namesVariants: boolean
  /** Segments may match where there is no identity. */
  readonly segmentsWithoutIdentity: boolean
  /** Segments with integer ids come first, ascending, whatever their order in the document. */
  readonly integerIdsFirst: boolean
}

const python: Profile = {
  property: pythonProperty,
  operator: pythonOperator,
  bucket: (key, property, subject) =>
    property === ''
      ? bucketOf(key, subject.key, asText)
      : bucketOf(key, pythonProperty(property, subject), (value) => {
          const found = propertyOf(value)
          return found === undefined ? undefined : printed(found)
        }),
  percentage: floatOf,
  identifiers: (identifiers) => identifiers,
  splitsIdentities: false,
  namesVariants: true,
  segmentsWithoutIdentity: true,
  integerIdsFirst: false,
}

const node: Profile = {
  property: (property, subject) => (property === '' ? undefined : nodeProperty(property, subject)),
  operator: nodeOperator,
  bucket: (key, property, subject) => {
    if (property === '') return bucketOf(key, subject.key, asText)
    const steps = parsePath(property, 'loose')
    if (steps === undefined) return undefined
    return bucketOf(key, subject.path(property, steps), (value) => {
      const text = String(value)
      return value ? text : undefined
    })
  },
  percentage: Number.parseFloat,
  identifiers: (identifiers) => nodeList(identifiers.join(',')),
  splitsIdentities: true,
  namesVariants: false,
  segmentsWithoutIdentity: false,
  integerIdsFirst: true,
}

const PROFILES: ReadonlyMap<unknown, Profile> = new Map([
  ['python', python],
  ['node', node],
])

/** Options of the dialect; the three about values are the vendor's OpenFeature provider's own, with its defaults. */
export interface Options extends SubjectOptions {
  /** `python` (default) or `node`. */
  readonly profile: Profile
  /** Disabled flags answer with their value instead of an error. Default false. */
  readonly returnValueForDisabledFlags: boolean
  /** Booleans are read from the value instead of the switch. Default false. */
  readonly useBooleanConfigValue: boolean
  /** Callers who name no type get texts that are JSON objects or lists as such. Default false. */
  readonly objectValues: boolean
}

/** Throws DocumentError for options that Flagsmith's dialect does not have. */
export function readOptions(options: Readonly<Record<string, unknown>>): Options {
  const { profile: name = 'python', identityKey } = options
  const profile = PROFILES.get(name)
  if (profile === undefined) {
    throw new DocumentError('', `options.profile must be one of ${[...PROFILES.keys()].join(', ')}`)
  }
  if (identityKey !== undefined && (typeof identityKey !== 'string' || identityKey === '')) {
    throw new DocumentError('', 'options.identityKey must be the name of a context attribute')
  }
  return {
    profile,
    identityKey,
    attributesAsTraits: flag(options, 'attributesAsTraits'),
    returnValueForDisabledFlags: flag(options, 'returnValueForDisabledFlags'),
    useBooleanConfigValue: flag(options, 'useBooleanConfigValue'),
    objectValues: flag(options, 'objectValues'),
  }
}

function flag(options: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = options[name] ?? false
  if (typeof value !== 'boolean') throw new DocumentError('', `options.${name} must be true or false`)
  return value
}
