import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'

const BULK = '/ofrep/v1/evaluate/flags'
const document: TestDocument = {
  flags: {
    plan: { variants: { a: 'free', b: 'pro' }, serve: 'a', rules: [{ attribute: 'plan', equals: 'pro', serve: 'b' }] },
    fixed: { variants: { a: 1 }, serve: 'a' },
  },
}
const keys = { server: [{ secret: 's' }], client: [{ secret: 'c' }], admin: [] }

describe('R13: entity tags of bulk answers', () => {
  let rig: Rig
  let replica: Rig
  const environment = new HandMadeEnvironment('one', document)
  const settings = (name: string, own: HandMadeEnvironment): ReturnType<typeof open> =>
    open(document, { name, environment: own, keys, cors: { origins: ['https://shop.example'] } })

  beforeAll(async () => {
    rig = await startRig({ environments: [settings('one', environment)] })
    replica = await startRig({ environments: [settings('one', new HandMadeEnvironment('one', document))] })
  })
  beforeEach(() => {
    environment.swap(document)
  })
  afterAll(async () => {
    await rig.stop()
    await replica.stop()
  })

  const bulk = (context: unknown, headers: Record<string, string> = {}, query = '', from = rig): Promise<Response> =>
    from.post(`${BULK}${query}`, { context }, { 'X-API-Key': 's', ...headers })
  const tagOf = async (context: unknown, headers: Record<string, string> = {}): Promise<string> => {
    const response = await bulk(context, headers)
    expect(response.status).toBe(200)
    return response.headers.get('etag') ?? ''
  }

  it('are weak, and repeat for the same question on every replica', async () => {
    const tag = await tagOf({ plan: 'pro', targetingKey: 'u1' })
    expect(tag).toMatch(/^W\/"[\w-]{32}"$/)
    const elsewhere = await bulk({ plan: 'pro', targetingKey: 'u1' }, { 'If-None-Match': tag }, '', replica)
    expect(elsewhere.status).toBe(304)
    expect(elsewhere.headers.get('etag')).toBe(tag)
  })

  it('cover the part of the context that matters, the revision and the credential scope', async () => {
    const tag = await tagOf({ plan: 'pro', targetingKey: 'u1' })
    expect(await tagOf({ targetingKey: 'u2', plan: 'pro', other: 1 })).toBe(tag)
    expect(await tagOf({ plan: 'free' })).not.toBe(tag)
    expect(await tagOf({ plan: ['pro'] })).not.toBe(tag)
    expect(await tagOf({ plan: 'pro' }, { 'X-API-Key': 'c' })).not.toBe(tag)
    environment.swap({ flags: { ...document.flags, more: { variants: { a: 1 }, serve: 'a' } } })
    expect(await tagOf({ plan: 'pro' })).not.toBe(tag)
    environment.state = 'stale'
  })

  it('change with staleness, since the body does', async () => {
    const quick = await startRig({ environments: [open(document, { environment })] })
    const tag = (await quick.post(BULK, {})).headers.get('etag')
    environment.state = 'stale'
    await expect.poll(async () => (await quick.post(BULK, {})).headers.get('etag'), { timeout: 3_000 }).not.toBe(tag)
    await quick.stop()
  })

  it('are matched weakly, in lists, and by *; whatever cannot be read matches nothing', async () => {
    const tag = await tagOf({})
    const strong = tag.slice(2)
    const matching = [tag, strong, ` ${tag} `, `"x", ${tag}`, `${tag},"y"`, `W/"a,b",${strong} , "z"`, '*', ' * ']
    for (const header of matching) expect((await bulk({}, { 'If-None-Match': header })).status, header).toBe(304)
    const others = [
      '"x"',
      strong.slice(1, -1),
      `"${strong}"`,
      `x ${tag}`,
      `"open, ${tag}`,
      `w/${strong}`,
      tag.toLowerCase() === tag ? `${tag}x` : tag.toLowerCase(),
      `*, "x"`,
    ]
    for (const header of others) expect((await bulk({}, { 'If-None-Match': header })).status, header).toBe(200)
    expect((await bulk({})).status).toBe(200)
  })

  it('answer 304 without a body, with the tag and the cross-origin headers', async () => {
    const origin = { Origin: 'https://shop.example' }
    const tag = (await bulk({}, origin)).headers.get('etag') ?? ''
    const response = await bulk({}, { 'If-None-Match': tag, ...origin })
    expect(response.status).toBe(304)
    expect(await response.text()).toBe('')
    expect(response.headers.get('etag')).toBe(tag)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(response.headers.get('access-control-expose-headers')).toContain('ETag')
    expect(response.headers.get('vary')).toContain('Origin')
    expect(response.headers.get('content-type')).toBeNull()
    expect(await rig.metrics.text()).toMatch(
      /halyard_bulk_answers_total\{environment="one",result="not_modified"\} [1-9]/,
    )
  })

  it('never answer 304 to a client that was told of a revision we do not have', async () => {
    const tag = await tagOf({})
    const revision = environment.snapshot()?.ruleset.revision ?? ''
    const ask = (announced: string): Promise<Response> =>
      bulk({}, { 'If-None-Match': tag }, `?flagConfigEtag=${encodeURIComponent(announced)}&flagConfigLastModified=1`)
    expect((await ask(revision)).status).toBe(304)
    expect((await ask(`"${revision}"`)).status).toBe(304)
    const began = performance.now()
    expect((await ask('newer')).status).toBe(200)
    expect(performance.now() - began).toBeGreaterThan(200)
  })

  it('wait a moment for an announced revision, and answer from it', async () => {
    const next = { flags: { fixed: { variants: { a: 2 }, serve: 'a' } } }
    const revision = new HandMadeEnvironment('one', next).snapshot()?.ruleset.revision ?? ''
    const answer = bulk({}, {}, `?flagConfigEtag=%22${revision}%22`)
    setTimeout(() => environment.swap(next), 60)
    const response = await answer
    expect(response.headers.get('x-halyard-revision')).toBe(revision)
    expect(await response.text()).toContain('"value":2')
  })

  it('do not exist where answers depend on chance, and pass with scheduled moments', async () => {
    environment.swap({ flags: { chance: { variants: { a: 1 }, serve: 'a', random: true } } })
    const response = await bulk({}, { 'If-None-Match': '*' })
    expect(response.status).toBe(200)
    expect(response.headers.get('etag')).toBeNull()

    const at = Date.now() + 400
    environment.swap({ flags: { launch: { variants: { a: 1 }, serve: 'a', from: at } } })
    const before = await tagOf({})
    expect((await bulk({}, { 'If-None-Match': before })).status).toBe(304)
    await expect.poll(async () => (await bulk({}, { 'If-None-Match': before })).status, { timeout: 3_000 }).toBe(200)
    expect(Date.now()).toBeGreaterThanOrEqual(at)
    expect(await (await bulk({})).text()).toContain('"value":1')
  })
})
