/** The provider, and those of others, against a real relay in a process of its own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagdCore } from '@openfeature/flagd-core'
import { OFREPProvider } from '@openfeature/ofrep-provider'
import type { EvaluationContext, JsonValue, Provider } from '@openfeature/server-sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { diskStore } from './disk.ts'
import { HalyardProvider } from './provider.ts'
import type { HalyardOptions } from './options.ts'
import { shop } from './testing/documents.ts'
import { RealRelay } from './testing/real-relay.ts'
import { hurried, observe, statusOf, until } from './testing/sdk.ts'

const relay = new RealRelay()
const open: Provider[] = []
const contexts = [
  { targetingKey: 'u1', email: 'a@acme.example' },
  { targetingKey: 'u2', email: 'b@other.example', joined: '2026-05-01' },
  {},
]

beforeAll(async () => {
  relay.publish(shop())
  await relay.start()
})
afterEach(async () => {
  for (const provider of open.splice(0)) await provider.onClose?.()
})
afterAll(() => relay.stop())

function start(options: HalyardOptions = {}) {
  const provider = new HalyardProvider({ url: relay.url, key: relay.serverKey, timers: hurried, ...options })
  open.push(provider)
  return { provider, ...observe(provider) }
}

describe('the provider', () => {
  it('follows the relay: changed flags, changed segments, kill, restart', async () => {
    const { events, settled, client, provider } = start({ staleAfterMs: 150, errorAfterMs: 60_000 })
    expect(await settled).toBeUndefined()
    const { revision } = provider.health()
    const answer = await fetch(`${relay.url}/v1/document`, { headers: { authorization: `Bearer ${relay.serverKey}` } })
    expect(answer.headers.get('etag')).toBe(`"${revision}"`)
    relay.publish(shop({ staff: '@other.example' }))
    await until(() => events.length === 2)
    relay.publish(shop({ staff: '@other.example', banner: 'off' }))
    await until(() => events.length === 3)
    await relay.kill()
    await until(() => events.includes('STALE'))
    expect(await client.getBooleanDetails('beta', false, contexts[1])).toMatchObject({ value: true, variant: 'on' })
    relay.publish(shop())
    await relay.start()
    await until(() => statusOf(client) === 'READY')
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(events).toEqual([
      'READY',
      'CHANGED beta,tools',
      'CHANGED banner',
      'STALE',
      'CHANGED banner,beta,tools',
      'READY',
    ])
    expect(provider.health()).toMatchObject({ state: 'ready', connection: 'live', source: 'stream' })
  }, 30_000)

  it('keeps the good document when the relay’s becomes bad', async () => {
    const { events, settled, provider } = start()
    await settled
    relay.publish([] as object)
    await until(() => /flags.json|document/.test(relay.log))
    expect(provider.evaluate('banner').value).toBe(true)
    relay.publish(shop({ banner: 'off' }))
    await until(() => events.includes('CHANGED banner'))
    relay.publish(shop())
    await until(() => events.length === 3)
    expect(events).toEqual(['READY', 'CHANGED banner', 'CHANGED banner'])
  })

  it('resumes after a short restart without being sent the document again', async () => {
    let bytes = 0
    const counting: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      const counted = response.body?.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            bytes += chunk.length
            controller.enqueue(chunk)
          },
        }),
      )
      return new Response(counted, response)
    }
    const { events, settled, provider } = start({ fetch: counting, staleAfterMs: 10_000 })
    await settled
    const first = bytes
    expect(first).toBeGreaterThan(500)
    await relay.kill()
    await relay.start()
    await until(() => provider.health().connection === 'live' && provider.health().lostForMs === 0)
    expect(bytes - first).toBeLessThan(400)
    expect(events).toEqual(['READY'])
  })

  it('starts from disk when the relay is away', async () => {
    const file = join(relay.folder, 'snapshot/flags.json')
    const first = start({ store: diskStore(file) })
    await first.settled
    await first.close()
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ dialect: 'flagd' })
    await relay.kill()
    const second = start({ store: diskStore(file), staleAfterMs: 100 })
    expect(await second.settled).toBeUndefined()
    expect(second.provider.health()).toMatchObject({ source: 'store', revision: first.provider.health().revision })
    await until(() => second.events.includes('STALE'))
    await relay.start()
    await until(() => second.events.length === 3)
    expect(second.events).toEqual(['READY', 'STALE', 'READY'])
  })

  it('polls as well', async () => {
    const { settled, provider, events } = start({ pollMs: 100 })
    await settled
    expect(provider.health().source).toBe('poll')
    relay.publish(shop({ banner: 'off' }))
    await until(() => events.includes('CHANGED banner'))
    relay.publish(shop())
    await until(() => events.length === 3)
  })

  it('refuses keys as the relay does', async () => {
    expect(await start({ key: 'nobody-knows-this-key' }).settled).toMatchObject({ code: 'PROVIDER_FATAL' })
    expect(await start({ key: relay.clientKey }).settled).toMatchObject({ code: 'PROVIDER_FATAL' })
    const auto = start({ key: relay.clientKey, mode: 'auto' })
    expect(await auto.settled).toBeUndefined()
    expect(await auto.client.getBooleanValue('banner', false)).toBe(true)
  })

  it('has its exposures and events taken', async () => {
    const { settled, client, provider } = start({ exposures: true })
    await settled
    for (const context of contexts) await client.getBooleanValue('beta', false, context)
    client.track('checkout', contexts[0], { value: 3, plan: 'pro' })
    await provider.client.flush()
    expect(provider.health().events).toEqual({ queued: 0, sent: 4, dropped: 0 })
  })
})

describe('all who can ask', () => {
  it('get the same answers: in process, remote, the official OFREP provider, flagd’s engine fed with the document', async () => {
    const near = start()
    const far = start({ mode: 'remote' })
    await Promise.all([near.settled, far.settled])
    const ofrep = observe(
      new OFREPProvider({ baseUrl: relay.url, headers: [['Authorization', `Bearer ${relay.serverKey}`]] }),
    )
    await ofrep.settled
    const answer = await fetch(`${relay.url}/v1/document`, { headers: { authorization: `Bearer ${relay.serverKey}` } })
    const { document } = (await answer.json()) as { document: object }
    const core = new FlagdCore()
    core.setConfigurations(JSON.stringify(document))

    let compared = 0
    for (const key of near.provider.client.evaluateAll().map((evaluation) => evaluation.key)) {
      for (const context of contexts) {
        const { value } = near.provider.evaluate(key, context)
        const fallback: JsonValue =
          typeof value === 'object' ? {} : typeof value === 'string' ? '' : typeof value === 'number' ? -1 : false
        const ask = async ({ client }: typeof near | typeof ofrep) => {
          const details =
            typeof fallback === 'boolean'
              ? await client.getBooleanDetails(key, fallback, context)
              : typeof fallback === 'string'
                ? await client.getStringDetails(key, fallback, context)
                : typeof fallback === 'number'
                  ? await client.getNumberDetails(key, fallback, context)
                  : await client.getObjectDetails(key, fallback, context)
          return { value: details.value, variant: details.variant, reason: details.reason, error: details.errorCode }
        }
        const expected = await ask(near)
        expect([key, context, await ask(far)]).toEqual([key, context, expected])
        // Answers without a value are an error to this version of theirs.
        if (key !== 'none') {
          const variant = expected.variant ?? ''
          expect([key, context, await ask(ofrep)]).toEqual([key, context, { ...expected, variant }])
        }
        const theirs = resolved(core, key, fallback, context)
        if (key !== 'none')
          expect([key, context, theirs]).toEqual([key, context, { value: expected.value, variant: expected.variant }])
        compared++
      }
    }
    expect(compared).toBe(27)
  })
})

function resolved(core: FlagdCore, key: string, fallback: JsonValue, context: EvaluationContext): object {
  const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }
  const given = [context, silent] as const
  const details =
    typeof fallback === 'boolean'
      ? core.resolveBooleanEvaluation(key, fallback, ...given)
      : typeof fallback === 'string'
        ? core.resolveStringEvaluation(key, fallback, ...given)
        : typeof fallback === 'number'
          ? core.resolveNumberEvaluation(key, fallback, ...given)
          : core.resolveObjectEvaluation(key, fallback, ...given)
  return { value: details.value, variant: details.variant }
}
