/** Problems as aligned lines: how bad, where, what. */
import type { Problem } from '@halyard/engine'
import type { ConfigProblem } from '../../config/problems.ts'
import type { Terminal } from './terminal.ts'

interface Row {
  readonly severity: 'error' | 'warning'
  readonly place: string
  readonly message: string
}

/** One line per problem, in the order given. */
export function printRows(rows: readonly Row[], { out, paint }: Terminal): void {
  const width = Math.min(60, Math.max(0, ...rows.map(({ place }) => place.length)))
  for (const { severity, place, message } of rows) {
    const badge = severity === 'error' ? paint('red', 'error  ') : paint('yellow', 'warning')
    out(`  ${badge}  ${place.padEnd(width)}  ${message}`)
  }
}

/** A flag is named where its path does not name it already. */
export function documentRow({ flag, path, message, severity }: Problem): Row {
  const place = flag === undefined || path.includes(flag) ? path : `${flag} ${path}`.trimEnd()
  return { severity, place, message }
}

export function configRow({ path, line, column, message, severity }: ConfigProblem): Row {
  const at = line === undefined ? '' : `${line}:${column ?? 1}`
  return { severity, place: [at, path].filter((part) => part !== '').join('  '), message }
}

/** `2 errors, 1 warning`, or `no problems`. */
export function summary(rows: readonly Row[]): string {
  const count = (severity: Row['severity'], word: string): string[] => {
    const found = rows.filter((row) => row.severity === severity).length
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? '' : 's'}`]
  }
  return [...count('error', 'error'), ...count('warning', 'warning')].join(', ') || 'no problems'
}
