import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { certificate } from '../relay/serve/door/testing/certificates.ts'
import { readSettings } from './loading.ts'

const minimal = 'environments: { shop: { upstream: { vendor: flagd, file: flags.json } } }'
const folder = dirname(certificate('first').cert)
const read = (listen: string): ReturnType<typeof readSettings> =>
  readSettings(`listen: { ${listen} }\n${minimal}`, folder, { variables: {}, now: 0 })

test('a certificate and its key are found beside the configuration', () => {
  const { settings, problems } = read('tls: { cert: first.cert.pem, key: ./first.key.pem }, http2: true')
  expect(problems).toEqual([])
  expect(settings?.listen).toMatchObject({ tls: { ...certificate('first'), minVersion: 'TLSv1.2' }, http2: true })
  expect(read('port: 80').settings?.listen).not.toHaveProperty('tls')
})

test.each([
  ['cert: nowhere.pem, key: first.key.pem', 'listen.tls.cert', 'cannot be read (ENOENT)'],
  ['cert: first.cert.pem, key: .', 'listen.tls.key', 'cannot be read (EISDIR)'],
  ['cert: first.cert.pem, key: second.key.pem', 'listen.tls', 'is no certificate with its key'],
  ['cert: first.key.pem, key: first.key.pem', 'listen.tls', 'is no certificate with its key'],
  [`cert: ${join(folder, 'first.cert.pem')}`, 'listen.tls.key', ''],
])('tls: { %s } is wrong at %s', (tls, path, message) => {
  const { settings, problems } = read(`tls: { ${tls} }`)
  expect(settings).toBeUndefined()
  expect(problems).toContainEqual(expect.objectContaining({ path, message: expect.stringContaining(message) }))
})

test('proxies are addresses and networks', () => {
  expect(read('proxies: [10.0.0.0/8, 192.0.2.1, "2001:db8::/32", "::1"]').problems).toEqual([])
  for (const wrong of ['balancer', '10.0.0.0/99', '10.0.0.1:80', '']) {
    expect(read(`proxies: ["${wrong}"]`).problems).toContainEqual(
      expect.objectContaining({ path: 'listen.proxies[0]', severity: 'error' }),
    )
  }
})
