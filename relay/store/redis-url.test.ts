/** Every documented form is read; what is rejected is never quoted. */
import { expect, test } from 'vitest'
import { describeRedis, parseRedisUrl } from './redis-url.ts'

test.each([
  ['redis://localhost', { topology: 'single', tls: false, hosts: [{ host: 'localhost', port: 6379 }], database: 0 }],
  [
    'rediss://u:p%40ss@r:7/4',
    { tls: true, username: 'u', password: 'p@ss', database: 4, hosts: [{ host: 'r', port: 7 }] },
  ],
  ['redis://:pw@[::1]:6380', { password: 'pw', hosts: [{ host: '::1', port: 6380 }] }],
  ['redis://:p:w:x@h', { password: 'p:w:x' }],
  [
    'redis+sentinel://s1,s2:99/my%20master',
    {
      topology: 'sentinel',
      master: 'my master',
      hosts: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 99 },
      ],
    },
  ],
  ['rediss+cluster://a:1,b:2,c', { topology: 'cluster', tls: true, hosts: [{ port: 1 }, { port: 2 }, { port: 6379 }] }],
])('%s', (url, expected) => {
  expect(parseRedisUrl(url)).toMatchObject(expected)
})

test.each([
  'http://canary@h',
  'redis://:canary@',
  'redis://:canary@h:99999',
  'redis://:canary@h/x',
  'redis://:canary@a,b',
  'redis+sentinel://:canary@h',
  'redis+cluster://:canary@h/0',
  'redis://:canary%zz@h',
  'redis://canary canary',
])('%s is refused without being quoted', (url) => {
  expect(() => parseRedisUrl(url)).toThrow(TypeError)
  expect(() => parseRedisUrl(url)).not.toThrow(/canary/)
})

test('the description has no secrets', () => {
  expect(describeRedis(parseRedisUrl('rediss+sentinel://u:pw@a,b:2/m'))).toBe('rediss+sentinel://a:26379,b:2/m')
})
