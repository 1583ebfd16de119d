/** The count at the end of `npm test` is checked against a real vitest run with every kind of result. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fuzzableVendors } from './fuzz.ts'
import { allSteps, closing, countTests } from './steps.ts'

const ROOT = join(import.meta.dirname, '../..')
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halyard-steps-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

test(
  'a vitest report is counted: passed, failed, skipped, and files that do not load',
  { timeout: 60_000 },
  async () => {
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    const head = "import { expect, test } from 'vitest'\n"
    await writeFile(
      join(folder, 'mixed.test.js'),
      `${head}test('a', () => {})\ntest('b', () => {})\ntest('c', () => expect(1).toBe(2))\ntest.skip('d', () => {})\n`,
    )
    await writeFile(join(folder, 'broken.test.js'), 'throw new Error("does not load")\n')
    const report = join(folder, 'report.json')
    const args = ['run', '--root', folder, '--reporter=json', `--outputFile.json=${report}`]
    const [code] = (await once(spawn(join(ROOT, 'node_modules/.bin/vitest'), args, { stdio: 'ignore' }), 'exit')) as [
      number,
    ]
    expect(code).toBe(1)
    expect(countTests(JSON.parse(await readFile(report, 'utf8')))).toEqual({ passed: 2, failed: 2, skipped: 1 })
  },
)

test.each([undefined, null, {}, { testResults: 1 }])('%j is no report', (report) => {
  expect(() => countTests(report)).toThrow('no report')
})

test('the closing line counts tests and steps, and stands alone', () => {
  const tests = { passed: 40, failed: 2, skipped: 1 }
  const { lines, failed } = closing([
    { name: 'types', passed: true, milliseconds: 1_234 },
    { name: 'tests', passed: false, milliseconds: 65_000, tests },
  ])
  expect(lines.at(-1)).toBe('41 passed, 3 failed')
  expect(lines[0]).toBe('  passed  types    1.2 s')
  expect(lines[1]).toBe('  FAILED  tests   65.0 s  40 passed, 2 failed, 1 skipped')
  expect(failed).toBe(3)
})

test('every check and every vendor is a step', () => {
  const names = allSteps('report.json', 7).map(({ name }) => name)
  expect(names).toEqual([
    'format',
    'lint',
    'types',
    'unused code',
    'browser',
    'tests',
    'serving tests by node:http',
    'torture',
    ...fuzzableVendors().map((name) => `fuzz ${name}`),
  ])
})

test('everything.ts fails when a step fails, and when nothing was chosen', { timeout: 60_000 }, async () => {
  // A PATH without Node: the pinned tools are found all the same, being beside this file.
  const env = { PATH: '/usr/bin:/bin' }
  const everything = async (...args: string[]): Promise<{ code: number; text: string }> => {
    const child = spawn(process.execPath, [join(ROOT, 'relay/testing/everything.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
    })
    let text = ''
    child.stdout.on('data', (data: Buffer) => (text += data.toString()))
    const [code] = (await once(child, 'close')) as [number]
    return { code, text }
  }
  expect((await everything('nothing of the kind')).code).toBe(2)
  const { code, text } = await everything('unused')
  expect(text.trimEnd().split('\n').at(-1)).toMatch(/^(1 passed, 0 failed|0 passed, 1 failed)$/)
  expect(code).toBe(text.includes('1 passed') ? 0 : 1)
})
