/**
 * GrowthBook's dialect: what features, rules, experiments and saved groups mean, as a Plan. It follows the vendor's
 * JavaScript SDK, release 1.8, coercions and all; differences on purpose are in testing/oracle-exceptions.ts.
 */
import type { Dialect, Tools } from '../../dialect.ts'
import type { FlagPlan, Plan } from '../../plan.ts'
import { constant } from './answers.ts'
import { Conditions, lowerGroups } from './conditions.ts'
import { Definition } from './definition.ts'
import { readDocument, readRules } from './document.ts'
import type { GrowthbookDocument } from './document.ts'
import { Feature } from './feature.ts'
import { Groups } from './groups.ts'
import { readOptions } from './options.ts'
import type { Options } from './options.ts'
import { Subject } from './subject.ts'
import { readValues } from './values.ts'

export const growthbook: Dialect<GrowthbookDocument> = {
  name: 'growthbook',
  read(json, options, tools): GrowthbookDocument {
    readOptions(options)
    return readDocument(json, tools)
  },
  lower(document, options, tools): Plan {
    return new Lowering(document, readOptions(options), tools).plan()
  },
}

class Lowering {
  readonly #document: GrowthbookDocument
  readonly #options: Options
  readonly #tools: Tools
  readonly #subject: Subject
  readonly #groups: Groups

  constructor(document: GrowthbookDocument, options: Options, tools: Tools) {
    this.#document = document
    this.#options = options
    this.#tools = tools
    this.#subject = new Subject(options)
    this.#groups = new Groups(document.savedGroups)
  }

  plan(): Plan {
    const { dateUpdated, features } = this.#document
    const warn = (path: string, message: string): void => this.#tools.warn({ path, message })
    const unlisted = [...this.#options.forcedFeatures.keys()].filter((key) => !features.has(key))
    return {
      flags: [
        ...[...features].map(([key, definition]) => this.#flag(key, definition)),
        ...unlisted.map((key) => this.#forced(key, null, true)),
      ],
      segments: lowerGroups(this.#groups, this.#subject, warn),
      ...(dateUpdated === undefined ? {} : { metadata: { version: dateUpdated } }),
    }
  }

  #flag(key: string, definition: unknown): FlagPlan {
    const path = `features.${key}`
    const whole = new Definition(definition, this.#document, this.#groups)
    return this.#tools.flag(key, path, whole, () => {
      if (this.#options.forcedFeatures.has(key)) return this.#forced(key, whole)
      const rules = readRules(definition)
      const values = readValues(definition as object, rules, this.#tools.spelling)
      const report = (at: string, message: string): void =>
        this.#tools.warn({ flag: key, path: `${path}.${at}`, message })
      const conditions = new Conditions(this.#groups, this.#subject, report)
      const { features, contextualBandits } = this.#document
      const around = { options: this.#options, subject: this.#subject, conditions, contextualBandits }
      const exists = (other: string): boolean => features.has(other) || this.#options.forcedFeatures.has(other)
      return { key, definition: whole, decide: new Feature(key, values, around, exists, report).decide(rules) }
    })
  }

  /** A feature whose value the options say. */
  #forced(key: string, definition: unknown, hidden: boolean = false): FlagPlan {
    const value = this.#options.forcedFeatures.get(key) ?? null
    return { key, definition, hidden, decide: { kind: 'serve', outcome: constant({ value }, 'override', 'STATIC') } }
  }
}
