import { expect, it } from 'vitest'
import { meansThisMachine } from './local-name.ts'

it.each([
  [undefined, true],
  ['', true],
  ['localhost', true],
  ['LOCALHOST:8080', true],
  ['localhost.', true],
  ['shop.localhost:8080', true],
  ['127.0.0.1', true],
  ['127.0.0.1:8080', true],
  ['[::1]', true],
  ['[::1]:8080', true],
  ['[::ffff:127.0.0.1]:8080', true],
  ['relay:8080', true],
  ['evil.example', false],
  ['evil.example:8080', false],
  ['localhost.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['evillocalhost.example', false],
  ['evil.example.', false],
])('a Host of %s: %s', (host, expected) => {
  expect(meansThisMachine(host)).toBe(expected)
})
