/**
 * The two engines that answer for Unleash: the npm SDK (`node`) and the Rust core (`yggdrasil`). They agree on what the
 * vendor's editor writes and disagree in corners. What differs is declared here as properties; lowering reads these
 * and never asks for a profile's name.
 */
import { own } from '../../context.ts'
import { DocumentError } from '../../problem.ts'
import { murmur3, murmur3CodeUnits } from '../../splits/murmur3.ts'
import { nodeComparing, yggdrasilComparing } from './comparing.ts'
import type { Comparing } from './comparing.ts'

export interface Profile {
  readonly comparing: Comparing
  readonly hash: (text: string, seed: number) => number
  /** What has no meaning turns the whole flag off, instead of being false. */
  readonly strict: boolean
  /** The fields that variants without a stickiness hash, the first that has a text. */
  readonly variantUnits: readonly ('userId' | 'sessionId' | 'remoteAddress')[]
  /** An empty user or session id is one, instead of none. */
  readonly emptyUnits: boolean
  /** The group that is hashed where a strategy names none; undefined: the flag's name. */
  readonly rolloutGroup: string | undefined
  readonly variantGroup: string | undefined
  /** A strategy's variants go by the stickiness of the first of them, before that of the strategy. */
  readonly variantsOwnStickiness: boolean
  /** A percentage is a whole number from 0 to 100, else the strategy is off; above 100 the whole flag is. */
  readonly wholePercentages: boolean
  /** What a flag without a list of strategies is. */
  readonly onWithoutStrategies: boolean
  /** Overrides of variants count even when all weights are 0. */
  readonly overridesWithoutWeight: boolean
  /** A dependency on variants is satisfied by a parent that is on and has none. */
  readonly satisfiedWithoutVariant: boolean
  /** Entries of a list in a strategy's parameters lose all blanks around them, instead of only those between entries. */
  readonly trimsLists: boolean
  /** The strategy `remoteAddress` compares addresses of both families, instead of IPv4 addresses and equal texts. */
  readonly comparesAddresses: boolean
}

const node: Profile = {
  comparing: nodeComparing,
  hash: murmur3CodeUnits,
  strict: false,
  variantUnits: ['userId', 'sessionId', 'remoteAddress'],
  emptyUnits: false,
  rolloutGroup: '',
  variantGroup: 'undefined',
  variantsOwnStickiness: true,
  wholePercentages: false,
  onWithoutStrategies: false,
  overridesWithoutWeight: false,
  satisfiedWithoutVariant: false,
  trimsLists: false,
  comparesAddresses: false,
}

const yggdrasil: Profile = {
  comparing: yggdrasilComparing,
  hash: murmur3,
  strict: true,
  variantUnits: ['userId', 'sessionId'],
  emptyUnits: true,
  rolloutGroup: undefined,
  variantGroup: undefined,
  variantsOwnStickiness: false,
  wholePercentages: true,
  onWithoutStrategies: true,
  overridesWithoutWeight: true,
  satisfiedWithoutVariant: true,
  trimsLists: true,
  comparesAddresses: true,
}

const PROFILES: ReadonlyMap<unknown, Profile> = new Map([
  ['node', node],
  ['yggdrasil', yggdrasil],
])

export interface Options {
  /** Default `node`. */
  readonly profile: Profile
  /**
   * What a caller gets who names no type: `boolean` (default), whether the flag is on; `variant-payload`, the payload of
   * its variant for flags that have any, else whether it is on.
   */
  readonly values: 'boolean' | 'variant-payload'
  /**
   * The host name that the strategy `applicationHostname` looks for. Default none, and the strategy never holds: the
   * relay evaluates for hosts it does not know.
   */
  readonly hostname: string | undefined
  /** The environment of callers who name none. Default: the one that the document says it is for, else `default`. */
  readonly environment: string | undefined
  /** The application of callers who name none. Default none. */
  readonly appName: string | undefined
}

/** Throws DocumentError naming the option that is wrong. */
export function readOptions(options: Readonly<Record<string, unknown>>): Options {
  const profile = PROFILES.get(own(options, 'profile') ?? 'node')
  if (profile === undefined) {
    throw new DocumentError('', `options.profile must be one of ${[...PROFILES.keys()].join(', ')}`)
  }
  const values = own(options, 'values') ?? 'boolean'
  if (values !== 'boolean' && values !== 'variant-payload') {
    throw new DocumentError('', 'options.values must be boolean or variant-payload')
  }
  return {
    profile,
    values,
    environment: textOption(options, 'environment'),
    appName: textOption(options, 'appName'),
    hostname: textOption(options, 'hostname'),
  }
}

function textOption(options: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = own(options, name)
  if (value !== undefined && typeof value !== 'string') throw new DocumentError('', `options.${name} must be a text`)
  return value
}
