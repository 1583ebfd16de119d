/** The table that a run ends with, and the same as JSON. */
import { reached } from './promise.ts'
import type { Figure, Promised } from './promise.ts'

export interface Result {
  readonly promise: Pick<Promised, 'id' | 'says'>
  readonly figures: readonly Figure[]
  readonly seconds: number
  /** Why there are no figures. */
  readonly error?: string
}

export type Verdict = 'kept' | 'BROKEN' | 'not judged'

/** A promise is kept when no figure that this run can judge is missed. */
export function kept({ figures, error }: Result, scale: number): boolean {
  return error === undefined && figures.length > 0 && figures.every((figure) => reached(figure, scale) !== false)
}

export function verdictOf(figure: Figure, scale: number): Verdict {
  const held = reached(figure, scale)
  return held === undefined ? 'not judged' : held ? 'kept' : 'BROKEN'
}

/** Lines of a table: promise, figure to reach, measured, verdict. */
export function table(results: readonly Result[], scale: number): readonly string[] {
  const rows: (readonly string[])[] = [['promise', 'figure', 'to reach', 'measured', 'verdict']]
  for (const { promise, figures, error, seconds } of results) {
    rows.push([promise.id, promise.says, '', `${seconds.toFixed(0)} s`, ''])
    if (error !== undefined) rows.push(['', `  could not be run: ${error}`, '', '', 'BROKEN'])
    for (const figure of figures) {
      const { name, bound, limit, measured, unit = '' } = figure
      const toReach = `${bound} ${shown(limit)} ${unit}`.trim()
      rows.push(['', `  ${name}`, toReach, `${shown(measured)} ${unit}`.trim(), verdictOf(figure, scale)])
    }
  }
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => Math.min(row[column]?.length ?? 0, 70))))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function shown(value: number): string {
  if (Number.isNaN(value)) return 'never'
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 })
}
