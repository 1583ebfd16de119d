/**
 * Writes what people and editors read about the settings: `relay.schema.json` and `REFERENCE.md`. Run it after changing a
 * setting (`node config/generate.ts`); a test fails while the written files say something else than the schemas.
 */
import { writeFile } from 'node:fs/promises'
import { jsonSchema, variableFor } from './tree.ts'
import type { SchemaNode } from './tree.ts'

/** The files by name, as they should be. */
export function generated(): ReadonlyMap<string, string> {
  return new Map([
    ['relay.schema.json', `${JSON.stringify(jsonSchema(), undefined, 2)}\n`],
    ['REFERENCE.md', reference()],
  ])
}

const HEAD = `# Every setting

Generated from the schemas in this folder by \`node config/generate.ts\`; do not edit.

- Values may hold \`\${NAME}\` and \`\${NAME:-default}\`; a variable that is missing is an error. \`$\${\` is a literal \`\${\`.
- Where a variable is named below, it overrides the file; lists are written with commas. Settings of environments have none: use \`\${NAME}\` there.
- Durations: \`500ms\`, \`10s\`, \`5m\`, \`1.5h\`, \`2d\`, or a number of milliseconds. Sizes: \`16KiB\`, \`64MiB\`, \`10MB\`, or a number of bytes.
- Unknown names are errors. \`halyard check relay.yaml\` lists every problem at once.
- Relative paths start at the folder of the configuration file. The file is read again when it changes.
`

function reference(): string {
  const rows = [...describe(jsonSchema(), [])]
  const sections = new Map<string, string[]>()
  for (const { path, row } of rows) {
    const section = path.split('.')[0] ?? ''
    sections.set(section, [...(sections.get(section) ?? []), row])
  }
  const tables = [...sections].map(([name, lines]) =>
    [`## ${name}`, '', '| Setting | Value | Default | Meaning |', '|---|---|---|---|', ...lines, ''].join('\n'),
  )
  return `${HEAD}\n${tables.join('\n')}`
}

function* describe(node: SchemaNode, path: readonly string[]): Generator<{ path: string; row: string }> {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const at = [...path, name]
    const alternatives = child.anyOf ?? []
    const inside = [child, ...alternatives].find(({ properties }) => properties !== undefined)
    const named = typeof child.additionalProperties === 'object' ? child.additionalProperties : undefined
    if (inside === undefined || child.description !== undefined)
      yield row(at, child, node.required?.includes(name) === true)
    if (inside !== undefined) yield* describe(inside, at)
    if (named?.properties !== undefined) yield* describe(named, [...at, '*'])
    const parts = [child.items ?? {}, ...(child.items?.anyOf ?? [])].filter(
      ({ properties }) => properties !== undefined,
    )
    for (const part of mergedParts(parts)) yield* describe(part, [...path, `${name}[]`])
  }
}

/** Alternatives of a list's items share most members; each is described once. */
function mergedParts(parts: readonly SchemaNode[]): readonly SchemaNode[] {
  if (parts.length === 0) return []
  const properties: Record<string, SchemaNode> = {}
  for (const part of parts) Object.assign(properties, part.properties)
  return [{ properties, required: parts.length === 1 ? (parts[0]?.required ?? []) : [] }]
}

function row(path: readonly string[], node: SchemaNode, required: boolean): { path: string; row: string } {
  const text = path.join('.')
  const group = node.properties !== undefined
  const fallback = group
    ? ''
    : required
      ? 'required'
      : node.default === undefined
        ? ''
        : code(JSON.stringify(node.default))
  const variable = group || !settable(path, node) ? '' : ` <br>${code(variableFor(path))}`
  const cells = [`${code(text)}${variable}`, group ? '' : valueOf(node), fallback, node.description ?? '']
  return { path: text, row: `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |` }
}

function settable(path: readonly string[], node: SchemaNode): boolean {
  return path[0] !== 'environments' && node.additionalProperties === undefined
}

function valueOf(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => code(String(value))).join(', ')
  if (node.const !== undefined) return code(JSON.stringify(node.const).replaceAll('"', ''))
  if (node.anyOf !== undefined) {
    if (node.anyOf.some(({ pattern = '' }) => pattern.includes('(ms|s|m|h|d)'))) return 'duration'
    if (node.anyOf.some(({ pattern = '' }) => pattern.includes('KiB'))) return 'size'
    return [...new Set(node.anyOf.map(valueOf))].join(' or ')
  }
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : valueOf(node.items)}`
  if (node.type === 'object') return 'mapping'
  return node.type ?? 'any'
}

function code(text: string): string {
  return `\`${text}\``
}

if (import.meta.main) {
  for (const [name, content] of generated()) await writeFile(new URL(name, import.meta.url), content)
}
