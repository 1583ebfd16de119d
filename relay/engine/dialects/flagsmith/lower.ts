/**
 * Flagsmith's meaning. A flag is a feature of the environment: an identity's own override goes first, then the
 * overrides of the segments it is in by priority, then the environment's state. Whatever state is chosen may split the
 * identities over its variants.
 */
import type { Dialect, Tools } from '../../dialect.ts'
import type { Decision, FlagPlan, Plan, Rule, SegmentPlan } from '../../plan.ts'
import { FlagError } from '../../problem.ts'
import { Answers } from './answers.ts'
import { readDocument } from './document.ts'
import { identityOverrides } from './identities.ts'
import type { IdentityOverride } from './identities.ts'
import { comparePriorities } from './model.ts'
import type { Feature, FlagsmithDocument, Item, SegmentItem } from './model.ts'
import { readRules } from './parts.ts'
import { readOptions } from './profile.ts'
import type { Options } from './profile.ts'
import { lowerRules } from './rules.ts'
import { Subject } from './subject.ts'

/** The name of the segment that identity overrides seem to come from in the vendor's answers. */
const IDENTITY_OVERRIDES = 'identity_overrides'

export const flagsmith: Dialect<FlagsmithDocument> = {
  name: 'flagsmith',
  read: (json, options, tools) => {
    readOptions(options)
    return readDocument(json, tools)
  },
  lower: (document, settings, tools): Plan => {
    const options = readOptions(settings)
    const subject = new Subject(document.environment, options)
    const lowering = new Lowering(document, options, subject, tools)
    return { flags: lowering.flags(), segments: lowering.segments, metadata: { flagSetId: document.environment.key } }
  },
}

interface SegmentOverride {
  readonly segment: SegmentItem
  readonly item: Item
}

class Lowering {
  readonly segments: ReadonlyMap<string, SegmentPlan>
  readonly #document: FlagsmithDocument
  readonly #options: Options
  readonly #subject: Subject
  readonly #tools: Tools
  /** By feature name, in the order of the segments. */
  readonly #bySegment = new Map<string, SegmentOverride[]>()
  readonly #byIdentity: ReadonlyMap<string, readonly IdentityOverride[]>

  constructor(document: FlagsmithDocument, options: Options, subject: Subject, tools: Tools) {
    this.#document = document
    this.#options = options
    this.#subject = subject
    this.#tools = tools
    const { profile } = options
    const segments = profile.integerIdsFirst ? integerIdsFirst(document.segments) : document.segments
    this.segments = new Map(segments.map((segment) => [segment.id, this.#segment(segment)]))
    for (const segment of segments) {
      for (const item of segment.overrides) {
        const known = this.#bySegment.get(item.name) ?? []
        known.push({ segment, item })
        this.#bySegment.set(item.name, known)
      }
    }
    this.#byIdentity = identityOverrides(document, profile, tools)
  }

  flags(): FlagPlan[] {
    return this.#document.features.map((item) => {
      const bySegment = this.#bySegment.get(item.name) ?? []
      const byIdentity = this.#byIdentity.get(item.name) ?? []
      const definition = {
        environment: this.#document.environment,
        own: item.definition,
        segments: bySegment.map(({ segment, item: { definition: own } }) => [segment.id, segment.name, own]),
        identities: byIdentity.map(({ identifiers, item: { definition: own } }) => [identifiers, own]),
      }
      return this.#tools.flag(item.name, item.path, definition, () => ({
        key: item.name,
        definition,
        ...this.#flag(item, bySegment, byIdentity),
      }))
    })
  }

  #flag(
    item: Item,
    bySegment: readonly SegmentOverride[],
    byIdentity: readonly IdentityOverride[],
  ): Pick<FlagPlan, 'decide' | 'clientVisible'> {
    const own = this.#document.feature(item, this.#tools)
    const overrides = bySegment
      .map(({ segment, item: override }) => ({ segment, feature: this.#override(override) }))
      .sort((a, b) => comparePriorities(a.feature.priority, b.feature.priority))
    const identities = byIdentity.map(({ identifiers, item: override }) => {
      const feature = this.#override(override)
      return { identifiers, feature: this.#options.profile.splitsIdentities ? feature : { ...feature, variants: [] } }
    })
    const features = [own, ...overrides.map(({ feature }) => feature), ...identities.map(({ feature }) => feature)]
    const answers = new Answers(item.name, features, this.#options, this.#subject)
    const fixed = features.length === 1 && own.variants.length === 0
    const chosen = (identity: boolean): Decision => {
      const rules = overrides.map(({ segment, feature }): Rule => ({
        name: `override of segment ${JSON.stringify(segment.name)}`,
        if: { kind: 'segment', id: segment.id },
        then: answers.serve(feature, { segment: segment.name, identity, fixed }),
      }))
      const otherwise = answers.serve(own, { identity, fixed })
      return rules.length === 0 ? otherwise : { kind: 'rules', rules, otherwise }
    }
    return {
      decide: fixed ? chosen(false) : this.#byIdentifier(answers, identities, own, chosen),
      clientVisible: this.#isClientVisible(features),
    }
  }

  #byIdentifier(
    answers: Answers,
    identities: readonly { readonly identifiers: readonly string[]; readonly feature: Feature }[],
    own: Feature,
    chosen: (identity: boolean) => Decision,
  ): Decision {
    const cases = new Map<string, Decision>()
    for (const { identifiers, feature } of identities) {
      const decision = answers.serve(feature, { segment: IDENTITY_OVERRIDES, identity: true, fixed: false })
      for (const identifier of identifiers) if (!cases.has(identifier)) cases.set(identifier, decision)
    }
    const withSegments = this.#document.segmentsWithoutIdentity && this.#options.profile.segmentsWithoutIdentity
    const none = withSegments ? chosen(false) : answers.serve(own, { identity: false, fixed: false })
    return { kind: 'switch', on: this.#subject.identifier, cases, none, otherwise: chosen(true) }
  }

  /** An override stands elsewhere in the document than its flag, so its path goes into the message. */
  #override(item: Item): Feature {
    try {
      return this.#document.feature(item, this.#tools)
    } catch (error) {
      if (!(error instanceof FlagError)) throw error
      const path = error.path === '' ? item.path : `${item.path}.${error.path}`
      throw new FlagError('', `has an override that cannot be read: ${path} ${error.message}`, { cause: error })
    }
  }

  /** Where a project hides disabled flags, one that no state enables is hidden from everybody. */
  #isClientVisible(features: readonly Feature[]): boolean {
    const { serverOnly, hidesDisabled } = this.#document
    if (features.some(({ id }) => id !== undefined && serverOnly.has(id))) return false
    return !hidesDisabled || features.some(({ enabled }) => enabled)
  }

  #segment(segment: SegmentItem): SegmentPlan {
    const { key, name, path, definition } = segment
    const { environment, propertyMember } = this.#document
    const known = { environment, key, rules: Object.getOwnPropertyDescriptor(definition, 'rules')?.value as unknown }
    const note = (at: string, message: string): void => this.#tools.warn({ path: `${path}.${at}`, message })
    try {
      const rules = readRules(definition, propertyMember, '', this.#tools)
      const tools = { segmentKey: key, profile: this.#options.profile, subject: this.#subject, note }
      return { definition: known, condition: lowerRules(rules, tools) }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const at = error instanceof FlagError && error.path !== '' ? `${path}.${error.path}` : path
      this.#tools.warn({ path: at, message: `flags that the segment overrides answer an error: ${message}` })
      const errorDetails = `segment ${JSON.stringify(name)} cannot be read`
      return {
        definition: known,
        condition: { kind: 'fail', outcome: { reason: 'ERROR', errorCode: 'GENERAL', errorDetails } },
      }
    }
  }
}

function integerIdsFirst(segments: readonly SegmentItem[]): SegmentItem[] {
  const rank = ({ id }: SegmentItem): number => (/^(?:0|[1-9]\d{0,9})$/.test(id) ? Number(id) : Infinity)
  return segments.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}
