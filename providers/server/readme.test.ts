/** The README against the code: an option that one of them does not know would send somebody searching. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readOptions } from './options.ts'

const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
const rows = [...readme.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm)].map(([, name = '', fallback = '']) => [name, fallback])
const documented = new Map(rows.filter(([name]) => /^[a-z]/.test(name ?? '')) as [string, string][])

it('lists every option, and none besides', () => {
  const source = readFileSync(join(import.meta.dirname, 'options.ts'), 'utf8')
  const body = /export interface HalyardOptions \{([^]*?)\n\}/.exec(source)?.[1] ?? ''
  const known = [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name = '']) => name)
  expect([...documented.keys()].toSorted()).toEqual([...known, 'hooks'].toSorted())
})

it('gives the defaults that are in force', () => {
  const settings = Object.entries(readOptions({ url: 'http://127.0.0.1' })).filter(
    ([, value]) => typeof value === 'number',
  )
  expect(settings.length).toBeGreaterThan(5)
  for (const [name, value] of settings) {
    expect([name, documented.get(name)]).toEqual([name, expect.stringContaining(Number(value).toLocaleString('en'))])
  }
})
