/**
 * Identity overrides. The vendor's engines gather identities whose overrides are the same and ask for each gathering
 * whether the identifier is in it; here an identifier leads straight to its override, and the first gathering counts.
 */
import type { Tools } from '../../dialect.ts'
import { FlagError } from '../../problem.ts'
import type { FlagsmithDocument, Identity, Item } from './model.ts'
import type { Profile } from './profile.ts'

/** One feature's override for some identifiers. */
export interface IdentityOverride {
  readonly identifiers: readonly string[]
  readonly item: Item
}

/** Overrides by feature name; of two for one identifier the first counts. */
export function identityOverrides(
  document: FlagsmithDocument,
  profile: Profile,
  tools: Tools,
): ReadonlyMap<string, readonly IdentityOverride[]> {
  const gatherings = new Map<string, { readonly identifiers: string[]; readonly overrides: readonly Item[] }>()
  for (const { identifier, overrides } of document.identities) {
    if (overrides.length === 0) continue
    const content = contentOf(overrides, document, profile, tools)
    const known = gatherings.get(content)
    if (known === undefined) gatherings.set(content, { identifiers: [identifier], overrides })
    else known.identifiers.push(identifier)
  }
  const byFeature = new Map<string, IdentityOverride[]>()
  for (const { identifiers, overrides } of gatherings.values()) {
    const reached = [...profile.identifiers(identifiers)]
    for (const item of overrides) {
      const known = byFeature.get(item.name)
      if (known === undefined) byFeature.set(item.name, [{ identifiers: reached, item }])
      else known.push({ identifiers: reached, item })
    }
  }
  return byFeature
}

/** Equal for two identities if their overrides are the same, the keys that go into hashes aside. */
function contentOf(
  overrides: Identity['overrides'],
  document: FlagsmithDocument,
  profile: Profile,
  tools: Tools,
): string {
  const contents = overrides.map((item): [string, unknown] => {
    try {
      const { key: _key, priority: _priority, variants, ...content } = document.feature(item, tools)
      const split = variants.map(({ value, weight, priority }) => [value, weight, String(priority)])
      return [item.name, profile.splitsIdentities ? [content, split] : content]
    } catch (error) {
      if (error instanceof FlagError) return [item.name, item.path]
      throw error
    }
  })
  return JSON.stringify(contents.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
