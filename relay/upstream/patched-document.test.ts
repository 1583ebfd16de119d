/** Patches in any order, lost or repeated, against a plain model: the newest version of each object counts (hazard 5). */
import { expect, test } from 'vitest'
import { FakeTimers } from './fake-timers.ts'
import { PatchedDocument } from './patched-document.ts'

interface Change {
  readonly collection: string
  readonly key: string
  readonly version: number
  /** Undefined deletes. */
  readonly value: { readonly v: number } | undefined
}
type Content = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const KEYS = ['a', 'b', '__proto__', 'constructor', '7']
const COLLECTIONS = ['flags', 'segments']

/** What a server would hold after exactly these changes, whatever their order: per object the highest version. */
function model(start: Content, startVersion: number, changes: readonly Change[]): Map<string, unknown> {
  const newest = new Map<string, Change>()
  for (const collection of COLLECTIONS) {
    for (const [key, value] of Object.entries(start[collection] ?? {})) {
      newest.set(`${collection}/${key}`, { collection, key, version: startVersion, value: value as { v: number } })
    }
  }
  for (const change of changes) {
    const name = `${change.collection}/${change.key}`
    if ((newest.get(name)?.version ?? -1) < change.version) newest.set(name, change)
  }
  return new Map([...newest].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value] as const])))
}

function read(document: PatchedDocument): Map<string, unknown> {
  const json = JSON.parse(new TextDecoder().decode(document.toBytes('mapping'))) as Content
  return new Map(
    COLLECTIONS.flatMap((collection) =>
      Object.entries(json[collection] ?? {}).map(([key, value]) => [`${collection}/${key}`, value] as const),
    ),
  )
}

function replace(document: PatchedDocument, content: Content, version: number): void {
  const collections = COLLECTIONS.map((name) => {
    const objects = Object.entries(content[name] ?? {}).map(([key, value]) => ({ key, version, value }))
    return [name, objects] as const
  })
  document.replace(new Map(collections))
}

const sorted = (content: Map<string, unknown>): [string, unknown][] => [...content].sort(([a], [b]) => (a < b ? -1 : 1))

test('100,000 random orders with drops and repeats end as the model says, then a whole document heals all (seed 23)', () => {
  const timers = new FakeTimers({ seed: 23 })
  const below = (n: number): number => Math.floor(timers.random() * n)
  const document = new PatchedDocument(COLLECTIONS)
  let ignored = 0
  let removed = 0
  for (let round = 0; round < 100_000; round += 1) {
    const content = { flags: { a: { v: 0 } }, segments: below(2) === 0 ? {} : { b: { v: 0 } } }
    replace(document, content, 10)
    const history: Change[] = Array.from({ length: 1 + below(8) }, (_, index) => ({
      collection: COLLECTIONS[below(2)] ?? 'flags',
      key: KEYS[below(KEYS.length)] ?? 'a',
      version: 8 + index,
      value: below(3) === 0 ? undefined : { v: 8 + index },
    }))
    const delivered = history
      .filter(() => below(5) > 0)
      .flatMap((change) => (below(4) === 0 ? [change, change] : [change]))
    for (let at = delivered.length - 1; at > 0; at -= 1) {
      const other = below(at + 1)
      const [a, b] = [delivered[at], delivered[other]]
      if (a !== undefined && b !== undefined) [delivered[at], delivered[other]] = [b, a]
    }
    for (const change of delivered) {
      const { collection, key, version, value } = change
      const before = read1000(round, document)
      const took =
        value === undefined
          ? document.remove(collection, key, version)
          : document.put(collection, { key, version, value })
      if (!took) ignored += 1
      if (value === undefined && took) removed += 1
      if (!took && before !== undefined) expect(read(document)).toEqual(before)
    }
    expect(sorted(read(document))).toEqual(sorted(model(content, 10, delivered)))
  }
  expect(ignored).toBeGreaterThan(50_000)
  expect(removed).toBeGreaterThan(50_000)
})

/** The document before a change, in every thousandth round. */
function read1000(round: number, document: PatchedDocument): Map<string, unknown> | undefined {
  return round % 1_000 === 0 ? read(document) : undefined
}

test('an object that was deleted stays deleted when an older patch comes late, and returns with a newer one', () => {
  const document = new PatchedDocument(['flags'])
  expect(document.put('flags', { key: 'f', version: 1, value: {} })).toBe(true)
  expect(document.remove('flags', 'f', 3)).toBe(true)
  expect(document.put('flags', { key: 'f', version: 2, value: {} })).toBe(false)
  expect(new TextDecoder().decode(document.toBytes('mapping'))).toBe('{"flags":{}}')
  expect(document.put('flags', { key: 'f', version: 4, value: { on: true } })).toBe(true)
  expect(new TextDecoder().decode(document.toBytes('list'))).toBe('{"flags":[{"on":true}]}')
})

test('members besides the collections stay as the whole document had them', () => {
  const document = new PatchedDocument(['flags'])
  document.replace(new Map(), [['version', 2]])
  expect(new TextDecoder().decode(document.toBytes('list'))).toBe('{"version":2,"flags":[]}')
})

test('patches cannot grow it beyond the limit, be it by names of deleted objects', () => {
  const document = new PatchedDocument(['flags'], 10_000)
  const grow = (one: (index: number) => void) => () => {
    for (let index = 0; index < 10_000; index += 1) one(index)
  }
  expect(grow(() => document.put('flags', { key: 'f', version: 1, value: 'x'.repeat(9_000) }))).not.toThrow()
  expect(
    grow((version) => document.put('flags', { key: 'f', version: version + 2, value: 'y'.repeat(9_000) })),
  ).not.toThrow()
  document.replace(new Map())
  expect(grow((index) => document.put('flags', { key: `f${index}`, version: 1, value: 'x' }))).toThrow(/exceeds 10000/)
  document.replace(new Map())
  expect(grow((index) => document.remove('flags', `f${index}`, 1))).toThrow(/exceeds 10000/)
  document.replace(new Map([['flags', [{ key: 'kept', version: 1, value: 1 }]]]))
  const large = Array.from({ length: 1_000 }, (_, index) => ({ key: `f${index}`, version: 1, value: 'x' }))
  expect(() => document.replace(new Map([['flags', large]]))).toThrow(/exceeds 10000/)
  expect(new TextDecoder().decode(document.toBytes('mapping'))).toBe('{"flags":{"kept":1}}')
})
