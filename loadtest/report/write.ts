/** Results as files: JSON for programs, HTML for people, side by side under one name. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { htmlReport } from './html.ts'
import { verdictsOf } from './judge.ts'
import type { Circumstances, Result } from './result.ts'

/** The paths written. */
export function writeResult(result: Result, circumstances: Circumstances, folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  const base = join(folder, `${circumstances.scenario}-${circumstances.date.replaceAll(/[:.]/g, '-')}`)
  const everything = { circumstances, ...result, verdicts: verdictsOf(result) }
  writeFileSync(`${base}.json`, `${JSON.stringify(everything, null, 2)}\n`)
  const library = readFileSync(new URL('chart.umd.min.js', import.meta.resolve('chart.js')), 'utf8')
  writeFileSync(`${base}.html`, htmlReport(result, circumstances, library))
  return [`${base}.json`, `${base}.html`]
}
