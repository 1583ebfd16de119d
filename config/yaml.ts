/** YAML that remembers where each setting was written, so that a problem can be found in the file and not only in a path. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document, Node } from 'yaml'
import type { Path } from './tree.ts'

export interface Position {
  readonly line: number
  readonly column: number
}

export interface Written {
  readonly value: unknown
  readonly problems: readonly (Position & { readonly message: string; readonly severity: 'error' | 'warning' })[]
  /** Where the setting is written, or the nearest thing around it that is. */
  position(path: Path): Position | undefined
}

/** Reads one YAML 1.2 document (JSON is YAML too). Never throws; what it could not read is a problem. */
export function readYaml(text: string): Written {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, strict: true })
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const problems = [...document.errors, ...document.warnings].map(({ pos, message, name }) => {
    const { line, column } = place(pos[0])
    const severity: 'error' | 'warning' = name === 'YAMLWarning' ? 'warning' : 'error'
    return { line, column, message: message + hint(text, line), severity }
  })
  let value: unknown
  if (document.errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 100 })
    } catch (error) {
      problems.push({
        line: 1,
        column: 1,
        message: error instanceof Error ? error.message : 'unreadable',
        severity: 'error',
      })
    }
  }
  return {
    value,
    problems,
    position: (path) => {
      const offset = offsetOf(document, path)
      return offset === undefined ? undefined : place(offset)
    },
  }
}

function offsetOf(document: Document, path: Path): number | undefined {
  let node: unknown = document.contents
  let offset = isNode(node) ? node.range?.[0] : undefined
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : undefined) === String(segment))
      if (pair === undefined) return offset
      offset = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(segment)]
      offset = isNode(node) ? (node.range?.[0] ?? offset) : offset
    } else {
      return offset
    }
  }
  return offset
}

/** The one slip that YAML's own words do not explain: inside `{…}` a bare `${NAME}` opens another mapping. */
function hint(text: string, line: number): string {
  return (text.split('\n')[line - 1] ?? '').includes('${')
    ? ': write "${NAME}" in quotes inside braces or brackets'
    : ''
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value
}
