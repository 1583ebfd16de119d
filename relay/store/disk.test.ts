/** Promise P25 on a real file system: full, read-only, forbidden, corrupt, foreign, crashed half way. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { DiskStore } from './disk.ts'
import type { Problem } from './store.ts'
import { generation, labels } from './testing/generations.ts'

let folder: string
const mounts: string[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halyard-disk-'))
})
afterEach(async () => {
  for (const mount of mounts.splice(0)) execFileSync('umount', [mount])
  await rm(folder, { recursive: true, force: true })
})

/** A real little disk where the machine lets us mount one. */
function mount(size: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', folder], { stdio: 'ignore' })
    mounts.push(folder)
    return true
  } catch {
    return false
  }
}

/** The one folder that the store made, and its files. */
async function files(): Promise<{ path: string; names: string[] }> {
  const [only = ''] = await readdir(folder)
  return { path: join(folder, only), names: (await readdir(join(folder, only))).sort() }
}

test('a corrupt, a truncated, an older and a foreign file are skipped and named, and the rest is served', async () => {
  const store = new DiskStore({ folder, keep: 5 })
  for (const version of [1, 2, 3, 4]) await store.save(generation(version))
  const { path, names } = await files()
  const [first = '', second = '', third = '', fourth = ''] = names
  const content = await readFile(join(path, fourth))
  content[content.length - 3] = 0
  await writeFile(join(path, fourth), content)
  await writeFile(join(path, third), (await readFile(join(path, third))).subarray(0, 90))
  await writeFile(join(path, first), '{"format":0}\nold')
  await writeFile(join(path, 'README'), 'hello')
  const { generations, problems } = await new DiskStore({ folder }).load('shop')
  expect(labels(generations)).toEqual(['0.2'])
  expect(problems.map(({ where }) => where).sort()).toEqual(
    [first, third, fourth, 'README'].map((name) => join(path, name)).sort(),
  )
  expect(second).not.toBe('')
})

test('a corrupt newest file does not block later saves, not even of its own version', async () => {
  const store = new DiskStore({ folder })
  await store.save(generation(8))
  const { path, names } = await files()
  await writeFile(join(path, names[0] ?? ''), 'rubbish')
  const fresh = new DiskStore({ folder })
  expect(await fresh.save(generation(7))).toBe('saved')
  expect(await fresh.save(generation(8, { text: 'another eight' }))).toBe('saved')
  expect(labels((await fresh.load('shop')).generations)).toEqual(['0.8', '0.7'])
})

test('saves of one environment happen in the order they were asked for', async () => {
  const store = new DiskStore({ folder })
  const large = generation(5, { bytes: new Uint8Array(3_000_000) })
  expect(await Promise.all([store.save(large), store.save(generation(4))])).toEqual(['saved', 'older'])
})

test('temporary files of a crash are removed at start, those of a living neighbour are not', async () => {
  await new DiskStore({ folder }).save(generation(1))
  const { path } = await files()
  await writeFile(join(path, 'old.tmp'), 'half')
  await utimes(join(path, 'old.tmp'), new Date(Date.now() - 120_000), new Date(Date.now() - 120_000))
  await writeFile(join(path, 'young.tmp'), 'half')
  const { generations, problems } = await new DiskStore({ folder }).load('shop')
  expect(labels(generations)).toEqual(['0.1'])
  expect(problems).toEqual([])
  expect((await files()).names.filter((name) => name.endsWith('.tmp'))).toEqual(['young.tmp'])
})

test('a folder that cannot be made is reported once an hour, and every save rejects', async () => {
  await writeFile(join(folder, 'file'), '')
  const reports: Problem[] = []
  const clock = new FakeTimers()
  const store = new DiskStore({ folder: join(folder, 'file'), clock, report: (problem) => reports.push(problem) })
  for (let minute = 0; minute < 150; minute += 1) {
    await expect(store.save(generation(minute))).rejects.toMatchObject({ kind: 'unavailable' })
    await clock.advance(60_000)
  }
  expect(reports).toHaveLength(3)
  expect(store.status()).toMatchObject({ state: 'unavailable', failures: 150, saves: 0 })
  expect((await store.load('shop')).generations).toEqual([])
})

test('on a full disk the old generations stay whole, nothing half is left, and saving works again later', async (context) => {
  if (!mount('256k')) context.skip('mounting a small disk needs root and mount permission')
  const store = new DiskStore({ folder })
  const big = (version: number) => generation(version, { bytes: new Uint8Array(60_000).fill(version) })
  await store.save(big(1))
  await writeFile(join(folder, 'filler'), new Uint8Array(150_000))
  await expect(store.save(big(2))).rejects.toMatchObject({ kind: 'full' })
  expect(labels((await store.load('shop')).generations)).toEqual(['0.1'])
  const inside = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.tmp'))
  expect(inside).toEqual([])
  await rm(join(folder, 'filler'))
  expect(await store.save(big(3))).toBe('saved')
  expect(store.status().state).toBe('available')
})

test('a read-only disk refuses saves and still serves what it holds', async (context) => {
  if (!mount('256k')) context.skip('mounting a small disk needs root and mount permission')
  await new DiskStore({ folder }).save(generation(1))
  execFileSync('mount', ['-o', 'remount,ro', folder])
  const store = new DiskStore({ folder })
  await expect(store.save(generation(2))).rejects.toMatchObject({ kind: 'refused' })
  expect(labels((await store.load('shop')).generations)).toEqual(['0.1'])
})

test('a process killed in the middle of saving leaves only whole generations', async () => {
  const script = `
    const { DiskStore } = await import(${JSON.stringify(new URL('disk.ts', import.meta.url).href)})
    const { generation } = await import(${JSON.stringify(new URL('testing/generations.ts', import.meta.url).href)})
    const store = new DiskStore({ folder: ${JSON.stringify(folder)} })
    for (let version = 0; ; version += 1) {
      await store.save(generation(version, { bytes: new Uint8Array(400_000).fill(version) }))
      process.stdout.write('.')
    }`
  const { spawn } = await import('node:child_process')
  for (const saves of [3, 5, 9]) {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder)
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let done = 0
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (dots: Buffer) => {
        done += dots.length
        if (done >= saves) child.kill('SIGKILL')
      })
      child.once('exit', () => resolve())
    })
    const { generations, problems } = await new DiskStore({ folder }).load('shop')
    expect(problems).toEqual([])
    expect(generations[0]?.version).toBeGreaterThanOrEqual(done - 1)
  }
})
