/**
 * `npm test`: every check of the repository, one after the other, all of them even when one fails. Ends with a table and
 * a plain line `N passed, N failed`, so that people and scripts read the same result. Words after `npm test --` choose
 * steps by the beginning of their names.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { allSteps, closing, countTests } from './steps.ts'
import type { Step, StepResult, Tests } from './steps.ts'

const ROOT = join(import.meta.dirname, '../..')
const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** The exit code, or the signal's usual one. */
function run({ command: [program, ...args], env = {} }: Step): Promise<number> {
  // Also when started without npm: the pinned tools before whatever the machine has.
  const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter)
  const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env, PATH: path } })
  return new Promise((resolve) => {
    child.once('error', (error) => {
      say(error.message)
      resolve(127)
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

async function take(step: Step): Promise<StepResult> {
  say(`\n▶ ${step.name}: ${step.command.join(' ')}`)
  const start = performance.now()
  const code = await run(step)
  const milliseconds = performance.now() - start
  let tests: Tests | undefined
  let counted = true
  if (step.report !== undefined) {
    try {
      tests = countTests(JSON.parse(readFileSync(step.report, 'utf8')))
      counted = tests.passed > 0
    } catch (error) {
      say(`the tests cannot be counted: ${error instanceof Error ? error.message : String(error)}`)
      counted = false
    }
  }
  const passed = code === 0 && counted
  say(`${passed ? '✔' : '✘'} ${step.name}${code === 0 ? '' : ` (exit code ${code})`}`)
  return { name: step.name, passed, milliseconds, ...(tests === undefined ? undefined : { tests }) }
}

const folder = mkdtempSync(join(tmpdir(), 'halyard-tests-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
// The same each time, so that a change that breaks nothing is never red by chance; other seeds are for longer runs.
const seed = Number(process.env['HALYARD_TEST_SEED'] ?? 20_261_121)
const wanted = process.argv.slice(2)
const steps = allSteps(join(folder, 'vitest.json'), seed).filter(
  ({ name }) => wanted.length === 0 || wanted.some((beginning) => name.startsWith(beginning)),
)
if (steps.length === 0) {
  say(`no step is called ${wanted.join(' or ')}`)
  process.exit(2)
}

say(`Node ${process.version}, ${steps.length} steps, fuzz seed ${seed}`)
const results: StepResult[] = []
for (const step of steps) results.push(await take(step))
const { lines, failed } = closing(results)
say('')
for (const line of lines) say(line)
process.exitCode = failed === 0 ? 0 : 1
