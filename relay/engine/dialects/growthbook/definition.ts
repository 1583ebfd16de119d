/**
 * What a feature is defined by, besides itself: the saved groups and bandits it names. Two documents are compared by
 * this, so a group that changed must change every feature that uses it, and no other.
 */
import { own } from '../../context.ts'
import type { GrowthbookDocument } from './document.ts'
import type { Groups } from './groups.ts'

/** Put together only when it is turned into JSON: most features are never compared. */
export class Definition {
  readonly #feature: unknown
  readonly #document: GrowthbookDocument
  readonly #groups: Groups

  constructor(feature: unknown, document: GrowthbookDocument, groups: Groups) {
    this.#feature = feature
    this.#document = document
    this.#groups = groups
  }

  toJSON(): unknown {
    const rules = own(this.#feature, 'rules')
    const refs = (Array.isArray(rules) ? rules : []).map((rule) => own(rule, 'contextualBanditRef'))
    const bandits = refs.flatMap((ref) => (typeof ref === 'string' ? [this.#document.contextualBandits.get(ref)] : []))
    const feature = this.#feature
    return { feature, bandits, savedGroups: this.#groups.digests({ feature, bandits }) }
  }
}
