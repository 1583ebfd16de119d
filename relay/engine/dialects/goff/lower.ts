/**
 * What a GO Feature Flag document means. A flag is asked in this order: which state has its schedule reached, is there a
 * key to hash, is it on, which rule matches, and else the default rule. A missing key is an error before all else, also
 * where only a step in the future would hash it.
 */
import type { Dialect, Tools } from '../../dialect.ts'
import type { Condition, Decision, FlagPlan, Plan, Rule as PlanRule, Term } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { Answers, isFlat, spelledVariations } from './answers.ts'
import type { Way } from './answers.ts'
import { lowerPercentage, lowerProgressive } from './bucketing.ts'
import { lowerQuery } from './conditions.ts'
import { readDocument, readFlag } from './document.ts'
import type { Flag, GoffDocument, Item, Part, Rule } from './document.ts'
import { readOptions } from './options.ts'
import type { GoffOptions } from './options.ts'
import { phasesOf } from './schedule.ts'
import { within } from './shape.ts'
import type { Members } from './shape.ts'
import { clock, Subject } from './subject.ts'
import { validate } from './validation.ts'

/** The dialect of GO Feature Flag's documents. Its options are in options.ts. */
export const goff: Dialect<GoffDocument> = {
  name: 'goff',
  read(json, options, tools) {
    readOptions(options)
    return readDocument(json, tools)
  },
  lower(document, settings, tools): Plan {
    const options = readOptions(settings)
    const enrichment = { ...document.enrichment, ...options.enrichment }
    const flags = document.flags.map((item) => {
      // Attributes that are added to every context belong to every flag: a change of them is a change of the flag.
      const definition = [item.definition, enrichment]
      return tools.flag(item.key, item.path, definition, () =>
        new Lowering(item, options, enrichment, tools).plan(definition),
      )
    })
    return { flags, segments: new Map(), clock }
  },
}

const MISSING = predicate('is no text', undefined, (value) => value === undefined)
const EMPTY = predicate('is empty', undefined, (value) => value === undefined || value === '')

class Lowering {
  readonly #item: Item
  readonly #flag: Flag
  readonly #options: GoffOptions
  readonly #subject: Subject
  readonly #key: Term
  /** Shared by all states of the flag that have the rule as it is. */
  readonly #conditions = new Map<Rule, Condition>()
  readonly #warn: (path: string, message: string) => void

  constructor(item: Item, options: GoffOptions, enrichment: Members, tools: Tools) {
    this.#item = item
    this.#options = options
    this.#flag = readFlag(item, tools.spelling)
    this.#subject = new Subject(enrichment)
    this.#key = this.#subject.bucketingKey(this.#flag.bucketingKey)
    this.#warn = (path, message) => tools.warn({ flag: item.key, path: within(item.path, path), message })
  }

  plan(definition: unknown): FlagPlan {
    const flag = this.#flag
    if (this.#options.invalid === 'quarantine') validate(flag)
    for (const [name, value] of Object.entries(flag.metadata)) {
      if (!isFlat(value)) this.#warn(within('metadata', name), 'is left out: metadata are texts, numbers and booleans')
    }
    const phases = phasesOf(flag)
    const spelled = spelledVariations(phases)
    const rules: PlanRule[] = []
    let original: Decision = { kind: 'pass' }
    for (const { from, part } of phases) {
      const decision = this.#phase(part, new Answers(flag, part, spelled), from === undefined)
      if (from === undefined) original = decision
      else {
        const name = `scheduled from ${new Date(from).toISOString()}`
        rules.unshift({ name, if: { kind: 'time', from: Math.ceil(from) }, then: decision })
      }
    }
    const decide: Decision = rules.length === 0 ? original : { kind: 'rules', rules, otherwise: original }
    return { key: this.#item.key, definition, decide: this.#withKey(decide, new Answers(flag, flag, spelled)) }
  }

  #withKey(decide: Decision, answers: Answers): Decision {
    const { bucketingKey } = this.#flag
    const key = this.#key
    const rules: PlanRule[] = []
    if (bucketingKey !== '') {
      const none = answers.noKey(`the context has no text at ${bucketingKey}, the bucketing key of this flag`)
      rules.push({ name: 'bucketing key', if: { kind: 'test', term: key, predicate: MISSING }, then: none })
    }
    if (hashes(this.#flag)) {
      const none = answers.noKey(`this flag needs a ${bucketingKey === '' ? 'targeting' : 'bucketing'} key`)
      rules.push({ name: 'key to hash', if: { kind: 'test', term: key, predicate: EMPTY }, then: none })
    }
    return rules.length === 0 ? decide : { kind: 'rules', rules, otherwise: decide }
  }

  #phase(part: Part, answers: Answers, original: boolean): Decision {
    if (part.disable === true) return answers.disabled
    const live = this.#live(part, answers, original)
    const { start, end } = part.experimentation ?? {}
    if (start === undefined && end === undefined) return live
    const time = {
      kind: 'time' as const,
      ...(start === undefined ? {} : { from: Math.ceil(start) }),
      // The last millisecond belongs to it.
      ...(end === undefined ? {} : { until: Math.floor(end) + 1 }),
    }
    return { kind: 'rules', rules: [{ name: 'experimentation', if: time, then: live }], otherwise: answers.disabled }
  }

  #live(part: Part, answers: Answers, original: boolean): Decision {
    const reading = {
      subject: this.#subject,
      options: this.#options,
      checked: original && this.#options.invalid === 'quarantine',
      warn: this.#warn,
    }
    const rules = part.targeting.flatMap((rule, index): PlanRule[] => {
      if (rule.disable === true) return []
      const path = original ? `targeting[${index}].query` : 'scheduledRollout'
      const condition = this.#conditions.get(rule) ?? lowerQuery(rule.query ?? '', path, reading)
      this.#conditions.set(rule, condition)
      const name = rule.name === undefined ? `rule ${index + 1}` : `rule ${JSON.stringify(rule.name)}`
      const way: Way = {
        ...(isDynamic(rule) ? { reason: 'SPLIT', goffReason: 'TARGETING_MATCH_SPLIT' } : { reason: 'TARGETING_MATCH' }),
        ...(rule.name === undefined ? {} : { rule: rule.name }),
        steady: rule.progressive === undefined,
      }
      return [{ name, if: condition, then: this.#result(rule, way, answers) }]
    })
    return { kind: 'rules', rules, otherwise: this.#default(part, answers) }
  }

  #default({ defaultRule, targeting }: Part, answers: Answers): Decision {
    if (defaultRule === undefined) return answers.wrong('no rule matches and the flag has no default rule')
    const plain = targeting.length > 0 ? 'DEFAULT' : 'STATIC'
    const way: Way = {
      reason: isDynamic(defaultRule) ? 'SPLIT' : plain,
      ...(defaultRule.name === undefined ? {} : { rule: defaultRule.name }),
      steady: defaultRule.progressive === undefined,
    }
    return this.#result(defaultRule, way, answers)
  }

  #result({ progressive, percentage, variation }: Rule, way: Way, answers: Answers): Decision {
    const splitting = {
      flagKey: this.#item.key,
      key: this.#key,
      serve: (name: string): Decision => answers.variation(name, way),
      wrong: (message: string): Decision => answers.wrong(message),
    }
    if (progressive !== undefined) return lowerProgressive(progressive, splitting)
    if (percentage !== undefined && percentage.size > 0) return lowerPercentage(percentage, splitting)
    return variation === undefined ? answers.wrong('the rule names no variation') : answers.variation(variation, way)
  }
}

/** Whether the answer depends on a hash; a share of exactly 100 takes everybody for the vendor. */
function isDynamic({ progressive, percentage }: Rule): boolean {
  if (progressive !== undefined) return true
  return percentage !== undefined && percentage.size > 0 && ![...percentage.values()].includes(100)
}

/** Whether anything in the flag hashes a key, now or at a scheduled time. */
function hashes(flag: Flag): boolean {
  return [flag, ...(flag.steps ?? [])].some(({ targeting, defaultRule }) =>
    [...targeting, ...(defaultRule === undefined ? [] : [defaultRule])].some(
      ({ progressive, percentage }) => progressive !== undefined || (percentage !== undefined && percentage.size > 0),
    ),
  )
}
