/**
 * Shared code never asks which vendor it is serving. Checked on the code itself, comments left out: a vendor's name may
 * stand in its own folders, in the two lists that name all vendors, and nowhere else.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dialects, wrappers } from '../engine/dialects/index.ts'
import { vendors } from '../vendors/index.ts'

const root = join(import.meta.dirname, '..')
/** The relay's own name, as a vendor's of other relays, is everywhere. */
const names = [...new Set([...dialects.keys(), ...vendors.keys()])].filter((name) => !wrappers.has(name))
/** The two lists, and a request header that OFREP clients may send. */
const KNOWN = /^(?:engine\/dialects|vendors)\/index\.ts$/
const HEADER = 'Flagd-Selector'
const shared = globSync('**/*.ts', {
  cwd: root,
  exclude: (path) =>
    /(?:^|\/)node_modules$|\.test\.ts$|(?:^|\/)testing$/.test(path) ||
    /^(?:engine\/dialects|vendors)\/(?!index\.ts)./.test(path),
})

test('the lists of dialects and vendors agree', () => {
  for (const { name, dialect } of vendors.values()) {
    expect([name, dialects.has(dialect) || wrappers.has(dialect)]).toEqual([name, true])
  }
})

test(`no shared code knows any of ${names.join(', ')}`, () => {
  expect(shared.length).toBeGreaterThan(100)
  const knowing = shared
    .filter((file) => !KNOWN.test(file))
    .flatMap((file) => {
      const code = readFileSync(join(root, file), 'utf8')
        .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        .replaceAll(HEADER, '')
      return names.filter((name) => new RegExp(name, 'i').test(code)).map((name) => `${file}: ${name}`)
    })
  expect(knowing).toEqual([])
})
