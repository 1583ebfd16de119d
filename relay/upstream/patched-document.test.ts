/** Patches in any order, lost or repeated: the newest version of each object counts, and what is gone stays gone. */
import { expect, test } from 'vitest'
import { PatchedDocument } from './patched-document.ts'
import type { VersionedObject } from './patched-document.ts'
import { patchFault } from './testing/patch-fuzz.ts'

/** A million of them: `npm run fuzz -- --patches --cases 1000000`. */
test('30,000 random orders with drops, repeats and whole documents end as the model says (from seed 23)', () => {
  for (let index = 0; index < 30_000; index += 1) {
    const fault = patchFault(23 + index)
    if (fault !== undefined) throw new Error(fault)
  }
})

test('the model notices an older change that is taken, and a deletion that is forgotten', () => {
  class TakesOlder extends PatchedDocument {
    override put(collection: string, object: VersionedObject): boolean {
      return super.put(collection, { ...object, version: object.version + 1 })
    }
  }
  class ForgetsDeletions extends PatchedDocument {
    override remove(): boolean {
      return true
    }
  }
  const faulty = (Tested: typeof PatchedDocument): boolean =>
    Array.from({ length: 300 }, (_, seed) => patchFault(seed, Tested)).some((fault) => fault !== undefined)
  expect([TakesOlder, ForgetsDeletions, PatchedDocument].map(faulty)).toEqual([true, true, false])
})

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
