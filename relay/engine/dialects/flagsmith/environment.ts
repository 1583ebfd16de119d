/**
 * The environment document, as `GET environment-document/` serves it and as SDKs evaluate locally. It may come in
 * pages: the first is whole, later ones only add identity overrides.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import { DocumentError, FlagError } from '../../problem.ts'
import type { Feature, FlagsmithDocument, Identity, Item, Priority, SegmentItem, Variant } from './model.ts'
import { readEnabled, readPriority, readStored, readWeight, unique } from './parts.ts'
import { isObject, list, member, text, wrong } from './shape.ts'

/** Reads a document or the list of its pages. Throws DocumentError or FlagError when nothing of it can be used. */
export function readEnvironment(json: unknown, tools: Tools): FlagsmithDocument {
  const pages: readonly unknown[] = Array.isArray(json) ? json : [json]
  const [first] = pages
  const states = own(first, 'feature_states')
  if (!Array.isArray(states)) throw new DocumentError('feature_states', 'must be a list of feature states')
  const key = own(first, 'api_key')
  if (typeof key !== 'string') throw new DocumentError('api_key', 'must be the text of the client-side environment key')
  const features = unique(items(first, 'feature_states', '', tools), tools)
  if (features.length === 0 && states.length > 0) {
    throw new DocumentError('feature_states', `none of the ${states.length} entries has a feature with a name`)
  }
  const project = own(first, 'project')
  if (own(first, 'use_identity_composite_key_for_hashing') === false) {
    const message = 'is false: the API then splits by its own identity ids, which local evaluation cannot know'
    tools.warn({ path: 'use_identity_composite_key_for_hashing', message })
  }
  const name = own(first, 'name')
  const serverOnly = list(project, 'server_key_only_feature_ids', 'project', (id) => Number(id))
  return {
    environment: { key, name: typeof name === 'string' ? name : '' },
    features,
    segments: unique(segments(project, tools), tools, 'id'),
    identities: pages.flatMap((page, index) => identities(page, Array.isArray(json) ? `[${index}]` : '', tools)),
    feature: readState,
    propertyMember: 'property_',
    segmentsWithoutIdentity: false,
    serverOnly: new Set(serverOnly),
    hidesDisabled: (own(first, 'hide_disabled_flags') ?? own(project, 'hide_disabled_flags')) === true,
  }
}

function items(holder: unknown, name: string, at: string, tools: Tools): (Item | undefined)[] {
  return list(holder, name, at, (definition, path): Item | undefined => {
    const feature = own(own(definition, 'feature'), 'name')
    if (isObject(definition) && typeof feature === 'string') return { name: feature, path, definition }
    tools.warn({ path, message: 'is left out: it must be an object whose feature has a name' })
    return undefined
  })
}

function segments(project: unknown, tools: Tools): (SegmentItem | undefined)[] {
  return list(project, 'segments', 'project', (definition, path): SegmentItem | undefined => {
    const id = own(definition, 'id')
    if (!isObject(definition) || (typeof id !== 'number' && typeof id !== 'string')) {
      tools.warn({ path, message: 'is left out: it must be an object with an id' })
      return undefined
    }
    const name = own(definition, 'name')
    const overrides = overridesOf(definition, 'feature_states', path, tools)
    return {
      id: String(id),
      key: String(id),
      name: typeof name === 'string' ? name : String(id),
      path,
      definition,
      overrides,
    }
  })
}

function identities(page: unknown, at: string, tools: Tools): Identity[] {
  return list(page, 'identity_overrides', at, (definition, path): Identity[] => {
    const identifier = own(definition, 'identifier')
    if (typeof identifier === 'string') {
      return [{ identifier, overrides: overridesOf(definition, 'identity_features', path, tools) }]
    }
    tools.warn({ path, message: 'is left out: it must be an object with an identifier' })
    return []
  }).flat()
}

/** A list that is none costs its own overrides only. */
function overridesOf(holder: unknown, name: string, at: string, tools: Tools): Item[] {
  try {
    return items(holder, name, at, tools).filter((item) => item !== undefined)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    tools.warn({ path: error.path, message: error.message })
    return []
  }
}

function readState({ definition }: Item, tools: Tools): Feature {
  const djangoId = own(definition, 'django_id') ?? 0
  if (typeof djangoId !== 'number' && typeof djangoId !== 'string') throw wrong('django_id', 'a number', djangoId)
  const id = own(own(definition, 'feature'), 'id')
  return {
    ...readStored(definition, 'feature_state_value', '', tools),
    key:
      djangoId === 0 || djangoId === ''
        ? uuid(definition)
        : (tools.spelling.of(definition, 'django_id') ?? String(djangoId)),
    enabled: readEnabled(definition),
    priority: readPriority(own(definition, 'feature_segment'), 'priority', 'feature_segment', tools),
    variants: list(definition, 'multivariate_feature_state_values', '', (value, at) => readVariant(value, at, tools)),
    ...(typeof id === 'number' ? { id } : {}),
  }
}

function uuid(definition: object): string {
  return text(definition, 'featurestate_uuid', '')
}

function readVariant(value: unknown, at: string, tools: Tools): Variant {
  const option = own(value, 'multivariate_feature_option')
  const place = member(at, 'multivariate_feature_option')
  if (!isObject(value)) throw wrong(at, 'an object', value)
  if (!isObject(option)) throw wrong(place, 'an object', option)
  const key = own(option, 'key')
  return {
    ...readStored(option, 'value', place, tools),
    weight: readWeight(value, 'percentage_allocation', at),
    priority: own(value, 'id') === null ? uuidPriority(value, at) : idPriority(value, at, tools),
    ...(typeof key === 'string' && key !== '' ? { key } : {}),
  }
}

function idPriority(value: object, at: string, tools: Tools): Priority {
  return own(value, 'id') === undefined ? uuidPriority(value, at) : readPriority(value, 'id', at, tools)
}

function uuidPriority(value: object, at: string): bigint {
  const digits = text(value, 'mv_fs_value_uuid', at).replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new FlagError(member(at, 'mv_fs_value_uuid'), 'must be a UUID')
  return BigInt(`0x${digits}`)
}
