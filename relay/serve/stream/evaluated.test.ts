import { Buffer } from 'node:buffer'
import { afterEach, describe, expect, it } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { openEvents } from '../testing/event-client.ts'
import type { EventClient } from '../testing/event-client.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig, RigOptions } from '../testing/rig.ts'
import type { TestDocument, TestFlag } from '../testing/rules.ts'

const flag = (serve: string, more: Partial<TestFlag> = {}): TestFlag => ({
  variants: { a: 1, b: 2.5, on: true, off: false },
  serve,
  ...more,
})
const byPlan = (gold: string): TestFlag => flag('off', { rules: [{ attribute: 'plan', equals: 'gold', serve: gold }] })

interface Data {
  readonly revision: string
  readonly epoch: number
  readonly version: number
  readonly stale?: true
  readonly flags: readonly { readonly key: string; readonly value?: unknown; readonly reason: string }[]
  readonly removed?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
}

const running: { rig?: Rig; clients: EventClient[] } = { clients: [] }

afterEach(async () => {
  for (const client of running.clients) client.close()
  running.clients = []
  await running.rig?.stop()
})

async function start(environment: HandMadeEnvironment, more: Partial<RigOptions> = {}): Promise<Rig> {
  const rig = await startRig({ environments: [open({ flags: {} }, { environment })], ...more })
  running.rig = rig
  return rig
}

async function follow(rig: Rig, context: unknown, lastEventId?: string, path = '/v1/stream'): Promise<EventClient> {
  const client = await openEvents(`${rig.url}${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
    },
    body: JSON.stringify({ context }),
  })
  running.clients.push(client)
  return client
}

async function dataAt(client: EventClient, index: number): Promise<Data> {
  return JSON.parse((await client.at(index)).data) as Data
}

/** Keys and values of the flags in an event. */
async function valuesAt(client: EventClient, index: number): Promise<[string, unknown][]> {
  return (await dataAt(client, index)).flags.map(({ key, value }) => [key, value])
}

describe('GET and POST /v1/stream', () => {
  it('begin with every answer, as a bulk answer has them', async () => {
    const document: TestDocument = {
      flags: { one: flag('a'), two: byPlan('b'), off: flag('a', { disabled: true }) },
      metadata: { team: 'x' },
    }
    const rig = await start(new HandMadeEnvironment('test', document))
    const client = await follow(rig, { targetingKey: 'u', plan: 'gold' })
    expect(client.status).toBe(200)
    expect(client.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(client.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(client.headers.get('x-accel-buffering')).toBe('no')
    const first = await client.at(0)
    expect(first.type).toBe('whole')
    expect(first.id).not.toBe('')
    expect(client.retries[0]).toBeGreaterThanOrEqual(2_000)
    expect(client.retries[0]).toBeLessThanOrEqual(10_000)
    const bulk = (await (
      await rig.post('/ofrep/v1/evaluate/flags', { context: { targetingKey: 'u', plan: 'gold' } })
    ).json()) as Data
    const { flags, metadata, revision, epoch, version, stale } = await dataAt(client, 0)
    expect({ flags, metadata }).toEqual(bulk)
    expect([revision, epoch, version, stale]).toEqual([rigRevision(rig), 1, 1, undefined])
    const encoded = Buffer.from('{"targetingKey":"u","plan":"gold"}').toString('base64url')
    const other = await openEvents(`${rig.url}/v1/stream?context=${encoded}`)
    running.clients.push(other)
    expect((await other.at(0)).data).toBe(first.data)
    expect((await other.at(0)).id).toBe(first.id)
  })

  it('then tell what value, variant or reason changed for this context, and what is gone', async () => {
    const environment = new HandMadeEnvironment('test', {
      flags: { one: flag('a'), two: byPlan('on'), gone: flag('a') },
    })
    const rig = await start(environment)
    const gold = await follow(rig, { plan: 'gold' })
    const plain = await follow(rig, { plan: 'none' })
    await Promise.all([gold.at(0), plain.at(0)])
    environment.swap({
      flags: { one: flag('a', { metadata: { note: 'no change' } }), two: byPlan('b'), gone: flag('a') },
    })
    expect((await gold.at(1)).type).toBe('changed')
    expect(await valuesAt(gold, 1)).toEqual([['two', 2.5]])
    environment.swap({ flags: { one: flag('b'), two: byPlan('b'), more: flag('on') } })
    expect(await valuesAt(gold, 2)).toEqual([
      ['one', 2.5],
      ['more', true],
    ])
    expect((await dataAt(gold, 2)).removed).toEqual(['gone'])
    // Not told of the first change, which was none for this context.
    expect(await valuesAt(plain, 1)).toEqual([
      ['one', 2.5],
      ['more', true],
    ])
    expect((await dataAt(plain, 1)).version).toBe(3)
    expect(plain.events).toHaveLength(2)
  })

  it('count another variant or reason with the same value as a change, and metadata as none', async () => {
    const twins = { x: 1, y: 1 }
    const rule = { attribute: 'plan', equals: 'gold', serve: 'x' }
    const environment = new HandMadeEnvironment('test', { flags: { one: { variants: twins, serve: 'x' } } })
    const rig = await start(environment)
    const client = await follow(rig, { plan: 'gold' })
    await client.at(0)
    environment.swap({ flags: { one: { variants: twins, serve: 'y' } } })
    expect((await dataAt(client, 1)).flags).toEqual([{ key: 'one', reason: 'STATIC', variant: 'y', value: 1 }])
    environment.swap({ flags: { one: { variants: twins, serve: 'x', rules: [{ ...rule, serve: 'y' }] } } })
    expect((await dataAt(client, 2)).flags).toEqual([{ key: 'one', reason: 'TARGETING_MATCH', variant: 'y', value: 1 }])
    environment.swap({ flags: { one: { variants: { x: 1, y: 2 }, serve: 'x', rules: [{ ...rule, serve: 'y' }] } } })
    expect((await dataAt(client, 3)).flags).toMatchObject([{ variant: 'y', value: 2 }])
  })

  it('tell of metadata of the flag set that changed by itself', async () => {
    const environment = new HandMadeEnvironment('test', { flags: { one: flag('a') }, metadata: { release: 1 } })
    const rig = await start(environment)
    const client = await follow(rig, {})
    await client.at(0)
    environment.swap({ flags: { one: flag('a') }, metadata: { release: 2 } })
    expect(await dataAt(client, 1)).toMatchObject({ flags: [], removed: [], metadata: { release: 2 } })
  })

  it('share one frame among equal projections, and never with others', async () => {
    const environment = new HandMadeEnvironment('test', { flags: { two: byPlan('on') } })
    const rig = await start(environment)
    const clients = await Promise.all(
      [
        { plan: 'gold', targetingKey: 'a' },
        { plan: 'gold', targetingKey: 'b' },
        { plan: '"gold' },
        { plan: ['gold'] },
      ].map((context) => follow(rig, context)),
    )
    const ids = await Promise.all(clients.map(async (client) => (await client.at(0)).id))
    expect(ids[0]).toBe(ids[1])
    expect(new Set(ids).size).toBe(3)
    expect(await Promise.all(clients.map((client) => valuesAt(client, 0)))).toEqual([
      [['two', true]],
      [['two', true]],
      [['two', false]],
      [['two', false]],
    ])
  })

  it('resume by id with what changed, with nothing, or whole', async () => {
    const environment = new HandMadeEnvironment('test', { flags: { one: flag('a'), two: byPlan('on') } })
    const rig = await start(environment)
    const context = { plan: 'gold' }
    const { id } = await (await follow(rig, context)).at(0)
    const current = await follow(rig, context, id)
    expect((await current.at(0)).type).toBe('current')
    expect((await current.at(0)).id).toBe(id)
    expect(await dataAt(current, 0)).toEqual({ revision: rigRevision(rig), epoch: 1, version: 1 })
    environment.swap({ flags: { one: flag('b'), two: byPlan('on') } })
    environment.swap({ flags: { one: flag('b'), two: byPlan('b') } })
    const changed = await follow(rig, context, id)
    expect((await changed.at(0)).type).toBe('changed')
    expect(await valuesAt(changed, 0)).toEqual([
      ['one', 2.5],
      ['two', 2.5],
    ])
    const other = await follow(rig, { plan: 'none' }, id)
    expect((await other.at(0)).type).toBe('whole')
    for (const strange of ['1.1.never-served.abc', 'x', '', `${id}x`]) {
      expect((await (await follow(rig, context, strange)).at(0)).type, strange).toBe('whole')
    }
  })

  it('resume with nothing where a change did not concern the context', async () => {
    const environment = new HandMadeEnvironment('test', { flags: { one: flag('a'), two: byPlan('on') } })
    const rig = await start(environment)
    const { id } = await (await follow(rig, { plan: 'none' })).at(0)
    environment.swap({ flags: { one: flag('a'), two: byPlan('b') } })
    const client = await follow(rig, { plan: 'none' }, id)
    expect((await client.at(0)).type).toBe('current')
    expect((await dataAt(client, 0)).version).toBe(2)
  })

  it('are whole again for what has fallen out of memory', async () => {
    const environment = new HandMadeEnvironment('test', { flags: { one: flag('a') } })
    const rig = await start(environment, { streams: { historyBytes: 0 } })
    const client = await follow(rig, {})
    const { id } = await client.at(0)
    environment.swap({ flags: { one: flag('b') } })
    expect((await client.at(1)).type).toBe('changed')
    expect((await (await follow(rig, {}, id)).at(0)).type).toBe('whole')
  })

  it('wait for a document that the client has seen elsewhere, and say so when it does not come', async () => {
    const environment = new HandMadeEnvironment('test', { flags: { one: flag('a') } })
    const rig = await start(environment, { streams: { catchUpMs: 400 } })
    const ahead = '1.3.something-newer.abc'
    const before = performance.now()
    const waiting = follow(rig, {}, ahead)
    const late = await waiting
    expect(performance.now() - before).toBeGreaterThan(300)
    expect((await dataAt(late, 0)).stale).toBe(true)
    environment.swap({ flags: { one: flag('b') } })
    expect((await dataAt(late, 1)).stale).toBe(true)
    environment.swap({ flags: { one: flag('on') } })
    expect((await dataAt(late, 2)).stale).toBeUndefined()
    const started = performance.now()
    const soon = follow(rig, {}, '1.4.something-newer.abc')
    setTimeout(() => environment.swap({ flags: { one: flag('off') } }), 50)
    const client = await soon
    expect(performance.now() - started).toBeLessThan(300)
    expect(await valuesAt(client, 0)).toEqual([['one', false]])
    expect((await dataAt(client, 0)).stale).toBeUndefined()
  })

  it('are whole each time where chance decides, and never shared', async () => {
    const environment = new HandMadeEnvironment('test', { flags: { one: flag('a', { random: true }), two: flag('a') } })
    const rig = await start(environment)
    const client = await follow(rig, {})
    const { id } = await client.at(0)
    expect(id.endsWith('.-')).toBe(true)
    environment.swap({ flags: { one: flag('a', { random: true }), two: flag('b') } })
    expect((await client.at(1)).type).toBe('whole')
    expect((await (await follow(rig, {}, id)).at(0)).type).toBe('whole')
  })

  it('tell of a rule whose time has come, without a new document', async () => {
    const soon = Date.now() + 300
    const environment = new HandMadeEnvironment('test', { flags: { one: flag('a', { from: soon }), two: flag('a') } })
    const rig = await start(environment)
    const client = await follow(rig, {})
    const { id } = await client.at(0)
    expect((await client.at(1)).type).toBe('changed')
    expect(Date.now()).toBeGreaterThanOrEqual(soon)
    expect(await valuesAt(client, 1)).toEqual([['one', 1]])
    expect((await client.at(1)).id).not.toBe(id)
    expect((await (await follow(rig, {}, id)).at(0)).type).toBe('whole')
  })

  it('show client keys what clients may see, also when that changes', async () => {
    const environment = new HandMadeEnvironment('test', {
      flags: { one: flag('a'), hidden: flag('a', { serverOnly: true }) },
    })
    const keys = {
      server: [{ secret: 'server-key-server-key' }],
      client: [{ secret: 'client-key-client-key' }],
      admin: [],
    }
    const rig = await start(environment, { environments: [open({ flags: {} }, { environment, keys })] })
    const as = async (secret: string): Promise<EventClient> => {
      const client = await openEvents(`${rig.url}/v1/stream`, { headers: { Authorization: `Bearer ${secret}` } })
      running.clients.push(client)
      return client
    }
    const [server, client] = [await as('server-key-server-key'), await as('client-key-client-key')]
    expect(await valuesAt(server, 0)).toEqual([
      ['one', 1],
      ['hidden', 1],
    ])
    expect(await valuesAt(client, 0)).toEqual([['one', 1]])
    environment.swap({ flags: { one: flag('a', { serverOnly: true }), hidden: flag('b') } })
    expect(await valuesAt(client, 1)).toEqual([['hidden', 2.5]])
    expect((await dataAt(client, 1)).removed).toEqual(['one'])
    expect(await valuesAt(server, 1)).toEqual([['hidden', 2.5]])
    expect((await openEvents(`${rig.url}/v1/stream`)).status).toBe(401)
    // An id speaks of the answers that a key was shown: with another key it is of no use.
    const headers = { Authorization: 'Bearer client-key-client-key', 'Last-Event-ID': (await server.at(1)).id }
    const stranger = await openEvents(`${rig.url}/v1/stream`, { headers })
    running.clients.push(stranger)
    expect((await stranger.at(0)).type).toBe('whole')
  })

  it('refuse contexts that are too large to keep, and bodies that are none', async () => {
    const rig = await start(new HandMadeEnvironment('test', { flags: {} }), { streams: { contextBytes: 1_024 } })
    expect((await follow(rig, { note: 'x'.repeat(2_000) })).status).toBe(413)
    expect((await openEvents(`${rig.url}/v1/stream?context=${Buffer.from('[').toString('base64url')}`)).status).toBe(
      400,
    )
    expect((await openEvents(`${rig.url}/v1/stream?context=${Buffer.from('"x"').toString('base64url')}`)).status).toBe(
      400,
    )
    const head = await fetch(`${rig.url}/v1/stream`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const without = await start(new HandMadeEnvironment('test'))
    expect((await follow(without, {})).status).toBe(503)
  })
})

function rigRevision(rig: Rig): string {
  return rig.environments[0]?.environment.snapshot()?.ruleset.revision ?? ''
}
