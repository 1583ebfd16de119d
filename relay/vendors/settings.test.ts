import { expect, test } from 'vitest'
import { vendors } from './index.ts'
import { baseAddress, dialectOptions, originProblem, webAddress } from './settings.ts'

test('a document comes from an address or a file, not from both', () => {
  expect(originProblem({ vendor: 'v' }, 'give one')).toEqual({ path: 'url', message: 'give one' })
  expect(originProblem({ vendor: 'v', url: 'u', file: 'f' }, '')?.message).toMatch(/not both/)
  expect(originProblem({ vendor: 'v', file: 'f' }, '')).toBe(undefined)
})

test('paths are appended to plain web addresses only', () => {
  expect(baseAddress('https://h/p')?.pathname).toBe('/p')
  for (const url of ['https://u@h', 'https://u:p@h', 'https://h?q', 'https://h#f', 'ftp://h', 'h', '']) {
    expect(baseAddress(url), url).toBe(undefined)
  }
  expect(webAddress('https://h?q')?.search).toBe('?q')
})

test('a decryption key never reaches the dialect, and so no revision', () => {
  const growthbook = vendors.get('growthbook')
  const options = { decryptionKey: 'secret', qaMode: true }
  expect(growthbook && dialectOptions(growthbook, { vendor: 'growthbook', options })).toEqual({ qaMode: true })
})

test.each([...vendors.values()])('$name refuses to connect without an origin, and says why', (vendor) => {
  const problems = vendor.check({ vendor: vendor.name })
  expect(problems.length).toBeGreaterThan(0)
  for (const { path, message } of problems) expect(`${path}: ${message}`).toMatch(/^\w+: \w/)
})
