/**
 * The two FeatBits: the evaluation server (`els`) and the npm SDK 1.3 (`node-1.3`) disagree on ordinary inputs. What
 * differs is declared here as properties; lowering reads these and never asks for a profile's name, so that one more
 * implementation is one more object.
 */
import { DocumentError } from '../../problem.ts'
import type { Predicate, Term } from '../../plan.ts'
import { elsOperator } from './operators.ts'
import { listOfIds } from './lists.ts'
import { nodeOperator, nodeSegmentIds } from './operators-node.ts'
import { elsAttribute, elsUserKey, isBlank, nodeAttribute, nodeIsBlank, nodeUserKey } from './subject.ts'

export interface Profile {
  readonly userKey: Term
  /** Null, empty or white space only, as this implementation sees white space. */
  readonly isBlank: (value: unknown) => boolean
  readonly attribute: (property: string) => Term
  /** `undefined` for an operator that does not exist; `report` hears of operands that have no meaning. */
  readonly operator: (op: string, value: string, report: (message: string) => void) => Predicate | undefined
  /** The ids in a segment condition's value; throws when the vendor's evaluation would. */
  readonly segmentIds: (value: string) => readonly string[]
  /** The text appended to the flag's key before hashing. */
  readonly dispatchText: (value: unknown) => string
  /** Archived flags are not found, instead of answering like any other. */
  readonly hidesArchived: boolean
  /** A segment that the document lacks is an error, instead of matching nobody. */
  readonly needsSegments: boolean
  /** A variation id that no variation has, or a bucket in no interval: the value is empty, instead of an error. */
  readonly servesNothing: boolean
  /** The experiment switch of a matched rule is its own, instead of the default rule's. */
  readonly ruleExperiments: boolean
}

const els: Profile = {
  userKey: elsUserKey,
  isBlank,
  attribute: elsAttribute,
  operator: elsOperator,
  segmentIds: (value) => listOfIds(value) ?? [],
  dispatchText: (value) => (typeof value === 'string' ? value : ''),
  hidesArchived: true,
  needsSegments: true,
  servesNothing: true,
  ruleExperiments: true,
}

const node: Profile = {
  userKey: nodeUserKey,
  isBlank: nodeIsBlank,
  attribute: nodeAttribute,
  operator: nodeOperator,
  segmentIds: nodeSegmentIds,
  dispatchText: String,
  hidesArchived: false,
  needsSegments: false,
  servesNothing: false,
  ruleExperiments: false,
}

const PROFILES: ReadonlyMap<unknown, Profile> = new Map([
  ['els', els],
  ['node-1.3', node],
])

export interface Options {
  /** Default `els`. */
  readonly profile: Profile
  /** Users without a targeting key get answers, with the empty text as their key. Default false. */
  readonly allowAnonymous: boolean
}

/** Throws DocumentError for options that FeatBit's dialect does not have. */
export function readOptions(options: Readonly<Record<string, unknown>>): Options {
  const { profile: name = 'els', allowAnonymous = false } = options
  const profile = PROFILES.get(name)
  if (profile === undefined) {
    throw new DocumentError('', `options.profile must be one of ${[...PROFILES.keys()].join(', ')}`)
  }
  if (typeof allowAnonymous !== 'boolean') throw new DocumentError('', 'options.allowAnonymous must be true or false')
  return { profile, allowAnonymous }
}
