/** Every mutant still applies to the source as it is: one that does not would be caught by its own mistake. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { promises } from '../promises.ts'
import { mutants } from './list.ts'
import { mutate } from './mutant.ts'

const ROOT = join(import.meta.dirname, '../../../..')

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('%s', (_, mutant) => {
  const source = readFileSync(join(ROOT, mutant.file), 'utf8')
  expect(mutate(source, mutant)).not.toBe(source)
  expect(mutant.checks.length).toBeGreaterThan(0)
  for (const check of mutant.checks) {
    if ('promise' in check) expect(promises.map(({ id }) => id)).toContain(check.promise)
  }
})

test('a place that is not there, or there twice, is refused', () => {
  const mutant = { name: 'x', says: 'x', file: 'x', find: 'a', replace: 'b', checks: [] }
  expect(() => mutate('c', mutant)).toThrow('exactly once')
  expect(() => mutate('a a', mutant)).toThrow('exactly once')
  expect(mutate('cac', mutant)).toBe('cbc')
})
