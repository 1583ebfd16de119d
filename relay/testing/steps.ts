/**
 * The steps of the whole check: what each runs, and how their results add up to one line. Counting lives here, apart from
 * the running, because a suite that miscounts its own failures is worse than none.
 */
import { globSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface Step {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** Variables of its environment besides those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Where vitest writes its report, for the step that runs tests. */
  readonly report?: string
}

export interface StepResult {
  readonly name: string
  readonly passed: boolean
  readonly milliseconds: number
  readonly tests?: Tests
}

/** Counts of single tests. A test file that could not even be loaded counts as one failed test. */
export interface Tests {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Every promise for a moment; those that would begin after so many seconds wait for another seed. */
const SMALL_TORTURE = ['--scale', '0.01', '--jobs', '3', '--seconds', '75']

const ROOT = join(import.meta.dirname, '../..')

/** In the order of their speed, so that a slip is told before minutes have passed. */
export function allSteps(report: string, seed: number): readonly Step[] {
  const vendors = globSync('relay/engine/dialects/*/testing/differential.ts', { cwd: ROOT })
    .map((path) => basename(dirname(dirname(path))))
    .sort()
  return [
    { name: 'format', command: ['oxfmt', '--check'] },
    { name: 'lint', command: ['oxlint', '--type-aware'] },
    { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
    { name: 'unused code', command: ['knip'] },
    { name: 'browser', command: ['node', 'relay/testing/browser-ready.ts'] },
    { name: 'tests', command: vitest(report), report },
    {
      name: 'serving tests by node:http',
      command: [...vitest(`${report}.http`), 'relay/serve'],
      env: { HALYARD_TEST_DOOR: 'http' },
      report: `${report}.http`,
    },
    {
      name: 'torture',
      command: ['node', 'relay/testing/torture/main.ts', ...SMALL_TORTURE, '--seed', String(seed)],
    },
    ...vendors.map((vendor): Step => {
      const fuzz = ['relay/testing/fuzz.ts', '--vendor', vendor, '--cases', '20000', '--seed', String(seed)]
      return { name: `fuzz ${vendor}`, command: ['node', ...fuzz] }
    }),
  ]
}

function vitest(report: string): [string, ...string[]] {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  return ['vitest', 'run', '--config', '.vitest.config.ts', ...reporters]
}

/** Reads vitest's JSON report. Throws when it is none, since no tests must never look like no failures. */
export function countTests(report: unknown): Tests {
  const files = member(report, 'testResults')
  if (!Array.isArray(files)) throw new Error('vitest wrote no report')
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of files as unknown[]) {
    const tests = member(file, 'assertionResults')
    const statuses = Array.isArray(tests) ? tests.map((test) => member(test, 'status')) : []
    for (const status of statuses) {
      if (status === 'passed' || status === 'failed') counts[status] += 1
      else counts.skipped += 1
    }
    if (member(file, 'status') === 'failed' && !statuses.includes('failed')) counts.failed += 1
  }
  return counts
}

/** A table of the steps, and the last line: tests and steps together. */
export function closing(results: readonly StepResult[]): {
  readonly lines: readonly string[]
  readonly failed: number
} {
  const width = Math.max(...results.map(({ name }) => name.length))
  const rows = results.map(({ name, passed, milliseconds, tests }) => {
    const seconds = `${(milliseconds / 1000).toFixed(1)} s`.padStart(8)
    const skipped = tests === undefined || tests.skipped === 0 ? '' : `, ${tests.skipped} skipped`
    const detail = tests === undefined ? '' : `  ${tests.passed} passed, ${tests.failed} failed${skipped}`
    return `  ${passed ? 'passed' : 'FAILED'}  ${name.padEnd(width)} ${seconds}${detail}`
  })
  const count = (which: 'passed' | 'failed'): number =>
    results.filter(({ passed }) => passed === (which === 'passed')).length +
    results.reduce((sum, { tests }) => sum + (tests?.[which] ?? 0), 0)
  const failed = count('failed')
  return { lines: [...rows, '', `${count('passed')} passed, ${failed} failed`], failed }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}
