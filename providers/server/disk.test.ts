/** A snapshot file is whole or not there, whoever reads it and whenever the writer ends. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { diskStore, fromFile } from './disk.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'halyard-disk-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('knows of nothing first, then of what was saved last', async () => {
  const store = diskStore(join(folder, 'deep/er/flags.json'))
  expect(await store.load()).toBeUndefined()
  await store.save(new TextEncoder().encode('one'))
  await store.save(new TextEncoder().encode('two'))
  expect(String(await store.load())).toBe('two')
  expect(readdirSync(join(folder, 'deep/er'))).toEqual(['flags.json'])
  expect(statSync(join(folder, 'deep/er/flags.json')).mode & 0o777).toBe(0o600)
  expect(String(await fromFile(join(folder, 'deep/er/flags.json'))())).toBe('two')
})

it('is never seen half written', async () => {
  const file = join(folder, 'flags.json')
  const store = diskStore(file)
  const texts = ['a', 'b'].map((letter) => letter.repeat(1 << 20))
  await store.save(new TextEncoder().encode(texts[0]))
  const progress = { left: 30 }
  const writer = (async () => {
    for (; progress.left > 0; progress.left--) await store.save(new TextEncoder().encode(texts[progress.left % 2]))
  })()
  let reads = 0
  while (progress.left > 0) {
    expect(texts).toContain(readFileSync(file, 'utf8'))
    reads++
    await new Promise(setImmediate)
  }
  await writer
  expect(reads).toBeGreaterThan(10)
})

it('says what is wrong, and leaves nothing behind', async () => {
  writeFileSync(join(folder, 'file'), '')
  await expect(diskStore(join(folder, 'file/flags.json')).save(new Uint8Array(1))).rejects.toThrow()
  await expect(diskStore(folder).save(new Uint8Array(1))).rejects.toThrow()
  await expect(diskStore(folder).load()).rejects.toThrow()
  expect(readdirSync(folder)).toEqual(['file'])
  expect(() => diskStore('')).toThrow('file: must be a path')
})
