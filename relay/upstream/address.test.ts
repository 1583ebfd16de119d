/** Hazard 24: neither a literal nor a name may lead the relay to a metadata service. */
import type { lookup } from 'node:dns'
import { expect, test } from 'vitest'
import { FORBIDDEN_ADDRESS, guardedLookup, isForbiddenAddress } from './address.ts'

test.each([
  '169.254.169.254',
  '169.254.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '[fe80::1]',
  'fe80::1%eth0',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[64:ff9b::a9fe:a9fe]',
  '[fd00:ec2::254]',
])('%s is denied', (host) => {
  expect(isForbiddenAddress(host)).toBe(true)
})

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '192.168.0.1',
  '8.8.8.8',
  '[::1]',
  '[2001:db8::1]',
  'flags.example.com',
  '169.254',
])('%s is allowed', (host) => {
  expect(isForbiddenAddress(host)).toBe(false)
})

test.each(['http://2852039166/', 'http://0xa9fea9fe/', 'http://0251.0376.0251.0376/', 'http://169.254.43518/'])(
  'the disguise %s is seen through once the URL is parsed',
  (url) => {
    expect(isForbiddenAddress(new URL(url).hostname)).toBe(true)
  },
)

test('a name with one denied address among good ones is refused', async () => {
  const resolver = ((_name: string, _options: unknown, done: (error: null, found: unknown) => void) =>
    done(null, [
      { address: '10.0.0.1', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ])) as unknown as typeof lookup
  const code = await new Promise((resolve) => {
    guardedLookup(resolver)('rebound.example.com', { all: true }, (error) => resolve(error?.code))
  })
  expect(code).toBe(FORBIDDEN_ADDRESS)
})
