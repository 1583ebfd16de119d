import { describe, expect, it } from 'vitest'
import { Router } from './router.ts'
import type { RoutePattern } from './router.ts'
import { normalisePrefix, targets } from './target.ts'

const route = (method: RoutePattern['method'], template: string): RoutePattern => ({ method, template })
const router = new Router([
  route('POST', '/flags'),
  route('POST', '/flags/{key}'),
  route('GET', '/flags/special/{id}'),
  route('GET', '/status'),
  route('POST', '/status'),
])
const found = (method: string, path: string): string => {
  const match = router.match(method, path)
  if (match.kind === 'none') return 'none'
  if (match.kind === 'method') return `allow ${match.allow} on ${match.template}`
  return `${match.route.method} ${match.route.template} ${match.rest}`.trimEnd()
}

describe('routes', () => {
  it.each([
    ['POST', '/flags', 'POST /flags'],
    ['POST', '/flags/', 'POST /flags'],
    ['POST', '/flags//', 'POST /flags/{key} /'],
    ['POST', '/flags/a', 'POST /flags/{key} a'],
    ['POST', '/flags/a/b/', 'POST /flags/{key} a/b/'],
    ['GET', '/flags/special/1', 'GET /flags/special/{id} 1'],
    ['POST', '/flags/special', 'POST /flags/{key} special'],
    ['POST', '/flags/special/1', 'allow GET, HEAD on /flags/special/{id}'],
    ['HEAD', '/status', 'GET /status'],
    ['PUT', '/status', 'allow GET, HEAD, POST on /status'],
    ['GET', '/flags', 'allow POST on /flags'],
    ['GET', '/Status', 'none'],
    ['GET', '/status/x', 'none'],
    ['GET', '/', 'none'],
    ['GET', '', 'none'],
    ['POST', '//flags', 'none'],
    ['POST', '/__proto__', 'none'],
    ['constructor', '/status', 'allow GET, HEAD, POST on /status'],
  ])('%s %s: %s', (method, path, expected) => {
    expect(found(method, path)).toBe(expected)
  })

  it('refuses one method and template twice', () => {
    expect(() => new Router([route('GET', '/a'), route('GET', '/a')])).toThrow('GET /a is routed twice')
    expect(() => new Router([route('GET', '/a/{x}'), route('GET', '/a/{y}')])).toThrow('routed twice')
  })
})

describe('targets', () => {
  it.each([
    ['/flags', '', [{ path: '/flags' }]],
    ['/p/flags', '/p', [{ path: '/p/flags' }, { path: '/flags' }]],
    ['/px/flags', '/p', [{ path: '/px/flags' }]],
    ['/environments/a%20b/x', '', [{ path: '/environments/a%20b/x' }, { path: '/x', environment: 'a b' }]],
    ['/environments/a', '', [{ path: '/environments/a' }]],
    ['/environments/%zz/x', '', [{ path: '/environments/%zz/x' }]],
    [
      '/p/environments/a/x',
      '/p',
      [{ path: '/p/environments/a/x' }, { path: '/environments/a/x' }, { path: '/x', environment: 'a' }],
    ],
    ['//flags/a//b/', '', [{ path: '/flags/a//b/' }]],
    ['/p//flags', '/p', [{ path: '/p//flags' }, { path: '/flags' }]],
    ['/environments/a//x', '', [{ path: '/environments/a//x' }, { path: '/x', environment: 'a' }]],
  ])('%s with prefix %j', (path, prefix, expected) => {
    expect(targets(path, prefix)).toEqual(expected)
  })

  it('takes a prefix in any spelling', () => {
    expect(['/p', 'p/', '//p//', '/', '', undefined].map(normalisePrefix)).toEqual(['/p', '/p', '/p', '', '', ''])
  })
})
