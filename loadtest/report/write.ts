/** Results as files: JSON for programs, HTML for people, side by side under one name. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { htmlReport } from './html.ts'
import { verdictsOf } from './judge.ts'
import type { Circumstances, Result } from './result.ts'

/** The paths written. */
export function writeResult(result: Result, circumstances: Circumstances, folder: string): string[] {
  mkdirSync(folder, { recursive: true })
  const base = join(folder, `${circumstances.scenario}-${circumstances.date.replaceAll(/[:.]/g, '-')}`)
  const everything = { circumstances, ...result, verdicts: verdictsOf(result) }
  writeFileSync(`${base}.json`, `${JSON.stringify(everything, null, 2)}\n`)
  const library = join(dirname(createRequire(import.meta.url).resolve('chart.js')), 'chart.umd.min.js')
  writeFileSync(`${base}.html`, htmlReport(result, circumstances, readFileSync(library, 'utf8')))
  return [`${base}.json`, `${base}.html`]
}
