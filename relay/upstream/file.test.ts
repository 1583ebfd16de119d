/** Files as they really change: editors, atomic renames, Kubernetes volumes, and every way to be missing or wrong. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileSource } from './file.ts'
import type { FileSourceOptions } from './file.ts'
import { Recorder } from './testing/recorder.ts'

let folder: string
const sources: FileSource[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halyard-file-'))
})
afterEach(async () => {
  for (const source of sources.splice(0)) await source.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The poll is an hour away unless a test says otherwise: what arrives, arrived by the watch. */
function follow(path: string, options: Partial<FileSourceOptions> = {}): Recorder {
  const sink = new Recorder()
  const source = new FileSource({ path, every: 3_600_000, debounce: 20, ...options })
  sources.push(source)
  source.start(sink)
  return sink
}

/** The n-th delivered text, whatever repeats or failures came between. */
async function text(sink: Recorder, count: number): Promise<string> {
  for (let event = 1; ; event += 1) {
    await sink.at(event)
    const texts = sink.events.filter((each) => each.kind === 'document').map((each) => each.text)
    const found = texts[count - 1]
    if (found !== undefined) return found
  }
}

test('writes in place and atomic renames arrive by the watch', async () => {
  const path = join(folder, 'flags.json')
  await writeFile(path, 'one')
  const sink = follow(path)
  expect(await text(sink, 1)).toBe('one')
  await writeFile(path, 'two')
  expect(await text(sink, 2)).toBe('two')
  for (const next of ['three', 'four', 'five']) {
    await writeFile(join(folder, '.flags.json.swp'), next)
    await rename(join(folder, '.flags.json.swp'), path)
    expect(await text(sink, ['one', 'two', 'three', 'four', 'five'].indexOf(next) + 1)).toBe(next)
  }
})

test('a Kubernetes volume that swaps its ..data link arrives', async () => {
  await mkdir(join(folder, '..2026_1'))
  await writeFile(join(folder, '..2026_1', 'flags.json'), 'first')
  await symlink('..2026_1', join(folder, '..data'))
  await symlink(join('..data', 'flags.json'), join(folder, 'flags.json'))
  const sink = follow(join(folder, 'flags.json'))
  expect(await text(sink, 1)).toBe('first')
  await mkdir(join(folder, '..2026_2'))
  await writeFile(join(folder, '..2026_2', 'flags.json'), 'second')
  await symlink('..2026_2', join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  await rm(join(folder, '..2026_1'), { recursive: true })
  expect(await text(sink, 2)).toBe('second')
})

test('a missing file is a failure that heals by itself, also when its folder is missing', async () => {
  const sink = follow(join(folder, 'later', 'flags.json'))
  expect(await sink.failureAt(1)).toMatchObject({ kind: 'not-found' })
  await mkdir(join(folder, 'later'))
  await writeFile(join(folder, 'later', 'flags.json'), 'here')
  expect(await text(sink, 1)).toBe('here')
})

test('a folder that is deleted and made again is followed again', async () => {
  const inner = join(folder, 'inner')
  await mkdir(inner)
  await writeFile(join(inner, 'flags.json'), 'old')
  const sink = follow(join(inner, 'flags.json'))
  expect(await text(sink, 1)).toBe('old')
  await rm(inner, { recursive: true })
  await sink.failureAt(2)
  await mkdir(inner)
  await writeFile(join(inner, 'flags.json'), 'new')
  expect(await text(sink, 2)).toBe('new')
  await writeFile(join(inner, 'flags.json'), 'newer')
  expect(await text(sink, 3)).toBe('newer')
})

test('the same content again is unchanged, even under a new inode', async () => {
  const path = join(folder, 'flags.json')
  await writeFile(path, 'same')
  const sink = follow(path)
  await sink.at(1)
  await writeFile(join(folder, 'copy'), 'same')
  await rename(join(folder, 'copy'), path)
  expect((await sink.at(2)).kind).toBe('unchanged')
  expect(sink.words).toEqual(['same', 'unchanged'])
})

test('the poll alone finds a change that no event announces', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'halyard-elsewhere-'))
  await writeFile(join(elsewhere, 'real.json'), 'before')
  await symlink(join(elsewhere, 'real.json'), join(folder, 'flags.json'))
  const sink = follow(join(folder, 'flags.json'), { every: 100 })
  expect(await text(sink, 1)).toBe('before')
  await writeFile(join(elsewhere, 'real.json'), 'after!')
  expect(await text(sink, 2)).toBe('after!')
  await rm(elsewhere, { recursive: true })
})

test('empty, oversized and folder are failures of their own kind; the content before them stays', async () => {
  const path = join(folder, 'flags.json')
  await writeFile(path, 'good')
  const sink = follow(path, { maxBytes: 10 })
  expect(await text(sink, 1)).toBe('good')
  await truncate(path, 0)
  expect(await sink.failureAt(2)).toMatchObject({ kind: 'body' })
  await writeFile(join(folder, 'big'), 'x'.repeat(11))
  await rename(join(folder, 'big'), path)
  expect(await sink.failureAt(3)).toMatchObject({ kind: 'too-large' })
  await rm(path)
  expect(await sink.failureAt(4)).toMatchObject({ kind: 'not-found' })
  await mkdir(path)
  expect(await sink.failureAt(5)).toMatchObject({ kind: 'io' })
  expect(sink.words.filter((word) => word !== 'failed')).toEqual(['good'])
})

test('a named pipe is refused at once instead of waited for', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const began = performance.now()
  expect(await follow(join(folder, 'pipe')).failureAt(1)).toMatchObject({ kind: 'io' })
  expect(performance.now() - began).toBeLessThan(1_000)
})

test('a folder that is swapped for another is followed in its new place', async () => {
  for (const name of ['blue', 'green']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'flags.json'), name)
  }
  await rename(join(folder, 'blue'), join(folder, 'live'))
  const sink = follow(join(folder, 'live', 'flags.json'))
  expect(await text(sink, 1)).toBe('blue')
  await rename(join(folder, 'live'), join(folder, 'retired'))
  await rename(join(folder, 'green'), join(folder, 'live'))
  sources[0]?.refresh()
  expect(await text(sink, 2)).toBe('green')
  await writeFile(join(folder, 'live', 'flags.json'), 'greener')
  expect(await text(sink, 3)).toBe('greener')
})

test('nothing arrives after stop', async () => {
  const path = join(folder, 'flags.json')
  await writeFile(path, 'one')
  const sink = follow(path)
  await sink.at(1)
  await sources[0]?.stop()
  await writeFile(path, 'two')
  await new Promise((resolve) => {
    setTimeout(resolve, 200)
  })
  expect(sink.words).toEqual(['one'])
})
