/**
 * The evaluation context: what Flagsmith's engines take as input, here without its identity, which comes with each
 * question. It serves files made by the vendor's tools and test data; segments count even where there is no identity.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import { DocumentError } from '../../problem.ts'
import type { Feature, FlagsmithDocument, Item, SegmentItem, Variant } from './model.ts'
import { readEnabled, readPriority, readStored, readWeight, unique } from './parts.ts'
import { isObject, list, text, wrong } from './shape.ts'

/** Throws DocumentError when the environment, the features or the segments are not what they should be. */
export function readInput(json: unknown, tools: Tools): FlagsmithDocument {
  const environment = own(json, 'environment')
  const key = own(environment, 'key')
  const name = own(environment, 'name')
  if (typeof key !== 'string') throw new DocumentError('environment.key', 'must be the text of the environment key')
  return {
    environment: { key, name: typeof name === 'string' ? name : '' },
    features: unique(items(json, 'features', tools), tools),
    segments: items(json, 'segments', tools).map((item) => segment(item, tools)),
    identities: [],
    feature: readFeature,
    propertyMember: 'property',
    segmentsWithoutIdentity: true,
    serverOnly: new Set(),
    hidesDisabled: false,
  }
}

/** The members of an object, each of which must be one; a member that has no name goes by its own. */
function items(json: unknown, member: string, tools: Tools): Item[] {
  const holder = own(json, member) ?? {}
  if (!isObject(holder)) throw new DocumentError(member, 'must be an object')
  return Object.keys(holder).flatMap((id) => {
    const path = `${member}[${JSON.stringify(id)}]`
    const definition = own(holder, id)
    const name = own(definition, 'name') ?? id
    if (isObject(definition) && typeof name === 'string') return [{ name, path, definition }]
    tools.warn({ path, message: 'is left out: it must be an object with a name' })
    return []
  })
}

function segment(item: Item, tools: Tools): SegmentItem {
  const { path, definition } = item
  const key = own(definition, 'key')
  const overrides = own(definition, 'overrides') ?? []
  if (!Array.isArray(overrides))
    tools.warn({ path: `${path}.overrides`, message: 'must be a list and counts as empty' })
  return {
    ...item,
    id: path,
    key: typeof key === 'string' ? key : item.name,
    overrides: (Array.isArray(overrides) ? overrides : []).flatMap((override: unknown, index) => {
      const at = `${path}.overrides[${index}]`
      const name = own(override, 'name')
      if (isObject(override) && typeof name === 'string') return [{ name, path: at, definition: override }]
      tools.warn({ path: at, message: 'is left out: it must be an object with the name of a feature' })
      return []
    }),
  }
}

function readFeature({ definition }: Item, tools: Tools): Feature {
  const id = own(own(definition, 'metadata'), 'id')
  return {
    ...readStored(definition, 'value', '', tools),
    key: text(definition, 'key', ''),
    enabled: readEnabled(definition),
    priority: readPriority(definition, 'priority', '', tools),
    variants: list(definition, 'variants', '', (variant, at) => readVariant(variant, at, tools)),
    ...(typeof id === 'number' ? { id } : {}),
  }
}

function readVariant(variant: unknown, at: string, tools: Tools): Variant {
  if (!isObject(variant)) throw wrong(at, 'an object', variant)
  const key = own(variant, 'key')
  return {
    ...readStored(variant, 'value', at, tools),
    weight: readWeight(variant, 'weight', at),
    priority: readPriority(variant, 'priority', at, tools),
    ...(typeof key === 'string' && key !== '' ? { key } : {}),
  }
}
