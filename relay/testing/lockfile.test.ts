/** The lockfile must install anywhere: on any registry, on every platform, the very bytes that were tested. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '../..')
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
const packages = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
)

describe('package-lock.json', () => {
  it('names no registry, so that it works behind any mirror', () => {
    const hosts = packages.flatMap(([, { resolved }]) => (resolved === undefined ? [] : [resolved]))
    expect(hosts).toEqual([])
  })

  it('fixes the version of every package', () => {
    expect(packages.filter(([, { version }]) => version === undefined).map(([path]) => path)).toEqual([])
  })

  it('fixes the bytes of every package that is installed here', () => {
    const loose = packages.filter(
      ([, { integrity, optional }]) => optional !== true && integrity?.startsWith('sha512-') !== true,
    )
    expect(loose.map(([path]) => path)).toEqual([])
  })

  it('lists the parts for other platforms, without which npm ci refuses it there, and here', () => {
    const missing = packages.flatMap(([, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !packages.some(([path]) => path.endsWith(`node_modules/${name}`)),
      ),
    )
    expect(missing).toEqual([])
  })
})
