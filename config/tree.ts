/**
 * The settings as a tree that can be walked: the JSON Schema of what may be written. Suggestions, environment variables
 * and the reference read names, types and defaults from here and so never list a setting by hand.
 */
import { z } from 'zod'
import generated from './relay.schema.json' with { type: 'json' }
import { settingsSchema } from './settings.ts'

export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

export type Path = readonly (string | number)[]

/** The JSON Schema (2020-12) of the configuration file, before defaults and conversions. */
export function jsonSchema(): SchemaNode & Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(settingsSchema, { io: 'input' }), title: 'Halyard relay configuration' } as SchemaNode &
    Readonly<Record<string, unknown>>
}

/** As generated, because making it takes longer than all the rest of reading a configuration. */
export const tree: SchemaNode = generated

/** Every node that may stand at a path: several where alternatives exist, none where nothing may stand. */
export function nodesAt(path: Path, from: SchemaNode = tree): readonly SchemaNode[] {
  let nodes = alternatives(from)
  for (const segment of path) nodes = nodes.flatMap((node) => children(node, segment)).flatMap(alternatives)
  return nodes
}

/** Names that may stand as members at a path. */
export function namesAt(path: Path): readonly string[] {
  return [...new Set(nodesAt(path).flatMap((node) => Object.keys(node.properties ?? {})))]
}

/** The environment variable that sets the setting at a path: `listen.management.port` → `HALYARD_LISTEN_MANAGEMENT_PORT`. */
export function variableFor(path: Path): string {
  const words = path.map((segment) => String(segment).replaceAll(/([a-z])([A-Z])/g, '$1_$2'))
  return `HALYARD_${words.join('_').toUpperCase()}`
}

/** Every setting with a path of its own (none below a name or a list), depth first. */
export function* leaves(
  node: SchemaNode = tree,
  path: readonly string[] = [],
): Generator<[readonly string[], SchemaNode]> {
  if (node.properties === undefined) {
    if (!isNamed(node)) yield [path, node]
    return
  }
  for (const [name, child] of Object.entries(node.properties)) yield* leaves(child, [...path, name])
}

/** The text of an environment variable as the kind of value that the setting takes; the items of a list between commas. */
export function coerce(text: string, path: Path): unknown {
  const nodes = nodesAt(path)
  const takes = (...types: string[]): boolean => nodes.some(({ type = '' }) => types.includes(type))
  if (takes('integer', 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (takes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (takes('array')) return text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
  return text
}

function isNamed(node: SchemaNode): boolean {
  return typeof node.additionalProperties === 'object'
}

function children(node: SchemaNode, segment: string | number): readonly SchemaNode[] {
  if (typeof segment === 'number') return node.items === undefined ? [] : [node.items]
  if (node.properties !== undefined && Object.hasOwn(node.properties, segment)) {
    const child = node.properties[segment]
    return child === undefined ? [] : [child]
  }
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : []
}

function alternatives(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(alternatives)
}
