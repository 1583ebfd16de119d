/** The generated files are what the schemas say, and name every setting. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { generated } from './generate.ts'
import { leaves, variableFor } from './tree.ts'

test.each([...generated().keys()])('%s is up to date: else run `node config/generate.ts`', async (name) => {
  expect(await readFile(new URL(name, import.meta.url), 'utf8')).toBe(generated().get(name))
})

test('every setting has a meaning and every variable is named', () => {
  const reference = generated().get('REFERENCE.md') ?? ''
  for (const [path, node] of leaves()) {
    expect(node.description, path.join('.')).toMatch(/.{15}/)
    expect(reference).toContain(variableFor(path))
  }
})

test('no two settings share a variable', () => {
  const names = [...leaves()].map(([path]) => variableFor(path))
  expect(new Set(names).size).toBe(names.length)
})
