/** Hazard 25: whatever a logger does with an upstream error, no secret comes out. */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { UpstreamError, causeCode, redactUrl } from './upstream-error.ts'

test('urls lose userinfo, query values and fragment, and keep what helps to find the fault', () => {
  expect(redactUrl('https://me:pw@flags.example.com:8443/a/b?token=t&token=u&env=e#frag')).toBe(
    'https://flags.example.com:8443/a/b?token=…&env=…',
  )
  expect(redactUrl('wss://flags.example.com/s')).toBe('wss://flags.example.com/s')
  expect(redactUrl('no url, with canary')).toBe('(unreadable url)')
})

test('the cause is reachable for a debugger and invisible to inspect, JSON and own keys', () => {
  const cause = new Error('canary')
  const error = new UpstreamError('network', 'it failed', { cause, status: 502 })
  expect(error.debugCause()).toBe(cause)
  expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain('canary')
  expect(JSON.stringify(error)).toBe('{"kind":"network","message":"it failed","status":502}')
  expect(error.cause).toBeUndefined()
})

test('only what looks like an error code is quoted', () => {
  expect(causeCode(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED')
  expect(causeCode(Object.assign(new Error('x'), { code: 'my secret' }))).toBe('Error')
  expect(causeCode('thrown text')).toBe('unknown')
})
