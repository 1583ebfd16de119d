/** Megabytes of flags arrive in an application that is busy: it goes on answering, from one document or the other. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HalyardClient } from './client.ts'
import type { Listener } from './listeners.ts'
import { flag } from './testing/documents.ts'
import { MiniRelay } from './testing/mini-relay.ts'
import { hurried, until } from './testing/sdk.ts'

const FLAGS = 4000
const relay = new MiniRelay()
beforeAll(() => relay.listen())
afterAll(() => relay.kill())

/** `one` and `other` always agree within one document. */
function document(variant: string, count: number = FLAGS): object {
  const flags = Array.from({ length: count }, (_, index) => [`flag-${index}`, flag('on', { metadata: { index } })])
  return { flags: { one: flag(variant), ...Object.fromEntries(flags), other: flag(variant) } }
}

it('lets the application run while it compiles, and never mixes two documents', async () => {
  relay.publish(document('on'))
  expect(relay.envelope.length).toBeGreaterThan(300_000)
  const client = new HalyardClient({ url: relay.url, timers: hurried })
  await client.start()
  let turns = 0
  const seen = new Set<string>()
  relay.publish(document('off'))
  while (client.evaluate('one').value === true) {
    const all = client.evaluateAll()
    seen.add(JSON.stringify([all.length, all[0]?.value, all.at(-1)?.value]))
    turns++
    await new Promise(setImmediate)
  }
  const all = client.evaluateAll()
  seen.add(JSON.stringify([all.length, all[0]?.value, all.at(-1)?.value]))
  expect([...seen]).toEqual(['[4002,true,true]', '[4002,false,false]'])
  expect(turns).toBeGreaterThan(5)
  await client.close()
})

it('drops a large document that a newer one overtakes', async () => {
  relay.publish(document('on'))
  const client = new HalyardClient({ url: relay.url, timers: hurried })
  await client.start()
  const changed: number[] = []
  const listener: Listener = (event) => void (event.type === 'changed' && changed.push(event.flags?.length ?? -1))
  client.on(listener)
  relay.publish(document('off'))
  relay.publish(document('on', 3))
  await until(() => client.health().flags === 5)
  await new Promise((done) => setTimeout(done, 300))
  expect(client.health()).toMatchObject({ flags: 5, version: 5, state: 'ready' })
  expect(changed).toEqual([FLAGS - 3])
  await client.close()
})

it('refuses a large document that is broken, and keeps what it has', async () => {
  relay.publish(document('on'))
  const client = new HalyardClient({ url: relay.url, timers: hurried, staleAfterMs: 10 })
  await client.start()
  relay.push(relay.frame().replace('"flags":', '"flags"'))
  await until(() => client.health().state === 'stale')
  expect(client.health().lastError).toMatch(/\(stream\) cannot be used/)
  expect(client.evaluate('one').value).toBe(true)
  await client.close()
})
