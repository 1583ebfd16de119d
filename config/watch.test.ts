/** The file is followed for real: written, replaced by rename, broken and repaired on disk. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { loadSettings } from './loading.ts'
import type { ConfigProblem } from './problems.ts'
import type { Settings } from './settings.ts'
import { watchSettings } from './watch.ts'
import type { SettingsWatch } from './watch.ts'

const file = (port: number): string =>
  `listen: { port: ${port} }\nenvironments: { a: { upstream: { vendor: flagd, file: f } } }\n`

let folder: string
let path: string
let watch: SettingsWatch | undefined
const taken: Settings[] = []
const reported: ConfigProblem[] = []

beforeEach(async () => {
  taken.length = 0
  reported.length = 0
  folder = await mkdtemp(join(tmpdir(), 'halyard-config-'))
  path = join(folder, 'relay.yaml')
  await writeFile(path, file(1001))
})
afterEach(async () => {
  await watch?.stop()
  await rm(folder, { recursive: true })
})

async function start(changed: (settings: Settings) => Promise<void> = async () => {}): Promise<SettingsWatch> {
  const { settings } = await loadSettings(path, { variables: {}, now: 0 })
  if (settings === undefined) throw new Error('the first file is good')
  const problems = (list: readonly ConfigProblem[]): void => void reported.push(...list)
  watch = watchSettings({
    path,
    current: settings,
    variables: {},
    debounce: 20,
    problems,
    changed: async (next) => {
      await changed(next)
      taken.push(next)
    },
  })
  return watch
}

test('a new file is taken over, also when it replaces the old by rename', async () => {
  await start()
  await writeFile(path, file(1002))
  await vi.waitFor(() => expect(taken.map(({ listen }) => listen.port)).toEqual([1002]))
  await writeFile(join(folder, 'next'), file(1003))
  await rename(join(folder, 'next'), path)
  await vi.waitFor(() => expect(taken.at(-1)?.listen.port).toBe(1003))
  expect(reported).toEqual([])
})

test('a bad file is reported and changes nothing; its repair is taken over', async () => {
  await start()
  await writeFile(path, file(99_999))
  await vi.waitFor(() => expect(reported.map((problem) => problem.path)).toEqual(['listen.port']))
  expect(taken).toEqual([])
  await writeFile(path, file(1004))
  await vi.waitFor(() => expect(taken.map(({ listen }) => listen.port)).toEqual([1004]))
})

test('a file that goes away is reported once and does no harm', async () => {
  await start()
  await rm(path)
  await vi.waitFor(() => expect(reported.map(({ message }) => message)).toEqual([`${path} does not exist`]), {
    timeout: 5_000,
  })
  await writeFile(path, file(1005))
  await vi.waitFor(() => expect(taken.map(({ listen }) => listen.port)).toEqual([1005]), { timeout: 5_000 })
  expect(reported).toHaveLength(1)
})

test('settings that cannot be taken over are reported, and offered again on reload', async () => {
  let broken = true
  const started = await start(async () => {
    if (broken) throw new Error('the port is taken')
  })
  await writeFile(path, file(1006))
  await vi.waitFor(() => expect(reported.map(({ message }) => message).join()).toContain('the port is taken'))
  broken = false
  await started.reload()
  expect(taken.map(({ listen }) => listen.port)).toEqual([1006])
})

test('going back to the first file is a change again', async () => {
  const started = await start()
  for (const port of [1002, 1001]) {
    await writeFile(path, file(port))
    await started.reload()
  }
  expect(taken.map(({ listen }) => listen.port)).toEqual([1002, 1001])
})

test('comments and spaces are no change', async () => {
  const started = await start()
  await writeFile(path, `# the same\n${file(1001)}`)
  await started.reload()
  expect(taken).toEqual([])
  expect(reported).toEqual([])
})
