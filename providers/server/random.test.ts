/**
 * Random days of a relay, from seeds: published, cut, gone, back, refusing, talking nonsense. Whatever the order, events
 * alternate as they must, one stream is open at most, answers are always those of some published document, and once the
 * relay is well again the provider is, too.
 */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { randomFrom } from '../../loadtest/documents.ts'
import { HalyardProvider } from './provider.ts'
import { flag } from './testing/documents.ts'
import { json, MiniRelay } from './testing/mini-relay.ts'
import { hurried, observe, sleep, statusOf, until } from './testing/sdk.ts'

const STREAM = '/v1/document/stream'
let relay: MiniRelay
beforeEach(async () => {
  relay = await new MiniRelay().listen()
})
afterEach(() => relay.kill())

const FLAGS = ['a', 'b', 'c', 'd']

/** Every flag's value is its own bit of the number, so that an answer shows which documents it may be from. */
function documentOf(bits: number): object {
  return { flags: Object.fromEntries(FLAGS.map((key, index) => [key, flag((bits >> index) & 1 ? 'on' : 'off')])) }
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])('day %i', async (seed) => {
  const random = randomFrom(seed)
  const below = (count: number): number => Math.floor(random() * count)
  let published = below(16)
  let up = true
  relay.publish(documentOf(published))
  const provider = new HalyardProvider({
    url: relay.url,
    staleAfterMs: 30,
    errorAfterMs: below(2) === 0 ? 60 : 5_000,
    // Refusals wait a second at least; this day is shorter.
    timers: {
      ...hurried,
      setTimeout: (call, delay, hold) => hurried.setTimeout(call, delay >= 1_000 && delay < 2_000 ? 40 : delay, hold),
    },
  })
  const { client, events, settled } = observe(provider)
  expect(await settled).toBeUndefined()
  let held = published
  const known = new Set([published])
  const changes: string[][] = []
  provider.client.on((event) => {
    if (event.type === 'changed') changes.push([...(event.flags ?? [])])
  })

  const deeds: (() => Promise<void> | void)[] = [
    () => {
      published = below(16)
      known.add(published)
      relay.publish(documentOf(published))
    },
    async () => {
      up = !up
      await (up ? relay.listen() : relay.kill())
    },
    () => relay.end(),
    () => relay.push('id: nonsense\nevent: document\ndata: {"half\n\n'),
    () => relay.script(STREAM, (_, response) => json(response, 500, {})),
    () => relay.script(STREAM, (_, response) => json(response, 401, {})),
    () => relay.script(STREAM, (_, response) => void response.destroy()),
    () => sleep(below(80)),
  ]
  for (let step = 0; step < 40; step++) {
    await deeds[below(deeds.length)]?.()
    await sleep(below(12))
    expect(relay.streams).toBeLessThanOrEqual(1)
    const all = provider.evaluateAll().map(({ value }) => value)
    const bits = all.reduce<number>((sum, value, index) => sum + (value === true ? 1 << index : 0), 0)
    expect([...known]).toContain(bits)
  }

  relay.scripts.clear()
  if (!up) await relay.listen()
  published = published ^ 15
  relay.publish(documentOf(published))
  await until(() => statusOf(client) === 'READY' && provider.evaluate('a').value === Boolean(published & 1))
  await until(() => provider.health().lostForMs === 0 && relay.streams === 1)
  expect(provider.evaluateAll().map(({ value }) => value)).toEqual(
    FLAGS.map((_, index) => Boolean((published >> index) & 1)),
  )

  // Applied one after the other, the flags that changed lead from the first document to the last.
  for (const flags of changes) for (const key of flags) held ^= 1 << FLAGS.indexOf(key)
  expect(held).toBe(published)
  const states = events.filter((event) => !event.startsWith('CHANGED'))
  expect(states.join(' ')).toMatch(/^READY( (STALE|STALE ERROR|ERROR) READY)*$/)

  await provider.onClose()
  const told = events.length
  await until(() => relay.streams === 0)
  relay.publish(documentOf(published ^ 1))
  await sleep(60)
  expect(events.length).toBe(told)
})
