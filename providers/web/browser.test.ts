/**
 * In a real browser against the real relay: several tabs, no network, pages that nobody sees, a relay that is killed,
 * storage that refuses, and a proxy that does everything wrong. Each situation's events are asserted exactly.
 */
import { join } from 'node:path'
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTabbedBrowser } from '../../relay/testing/browser-tabs.ts'
import type { Tab } from '../../relay/testing/browser-tabs.ts'
import { startBrowser } from '../../relay/testing/browser.ts'
import type { HalyardWebOptions } from './index.ts'
import { FaultProxy } from './testing/fault-proxy.ts'
import { CLIENT_KEY, RealRelay } from './testing/real-relay.ts'
import type { Shop } from './testing/shop.ts'
import { serveSite } from './testing/site.ts'
import type { Site } from './testing/site.ts'

declare const shop: Shop

const FLAGS = { dark: true, beta: false }
let browser: Browser
let site: Site
let relay: RealRelay
let context: BrowserContext
let proxy: FaultProxy
let url: string

beforeAll(async () => {
  browser = await startBrowser()
  site = await serveSite(join(import.meta.dirname, 'testing/shop.ts'))
  relay = await RealRelay.start(FLAGS, site.origin)
  proxy = new FaultProxy(() => relay.url, site.origin)
  url = await proxy.listen()
}, 600_000)
afterAll(async () => {
  await Promise.all([browser?.close(), site?.close(), proxy?.close(), relay?.stop()])
})
beforeEach(async () => {
  await relay.set(FLAGS)
  proxy.fault = 'pass'
  proxy.hidden = undefined
  context = await browser.newContext()
})
afterEach(async () => {
  await context.close()
  await until(() => relay.metric('halyard_streams_open'), 0)
})

/** Polls until `ask` gives what is expected, or fails with the difference. */
async function until<T>(ask: () => Promise<T> | T, expected: T, within = 15_000): Promise<void> {
  const deadline = Date.now() + within
  for (;;) {
    const value = await ask()
    try {
      return expect(value).toEqual(expected)
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    await new Promise((wake) => setTimeout(wake, 25))
  }
}

async function visit(path = '/'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(site.origin + path)
  return page
}

type Options = Omit<HalyardWebOptions, 'surroundings' | 'cache' | 'headers'> & { readonly cache?: false }

async function start(page: Page | Frame, options: Partial<Options> = {}, user = 'ann'): Promise<string | undefined> {
  const all = { url: relay.url, key: CLIENT_KEY, ...options }
  return page.evaluate(([given, targetingKey]) => shop.start(given, { targetingKey }), [all, user] as const)
}

const events = (page: Page | Frame): Promise<string[]> => page.evaluate(() => shop.events)
const dark = (page: Page | Frame): Promise<boolean> => page.evaluate(() => shop.value('dark'))
const leads = (page: Page): Promise<boolean> => page.evaluate(() => shop.health().leader)
const open = (): Promise<number> => relay.metric('halyard_streams_open')

describe('one tab', () => {
  it('shows changes as the relay gets them, and names exactly those', async () => {
    const page = await visit()
    expect(await start(page)).toBeUndefined()
    expect(await dark(page)).toBe(true)
    await relay.set({ dark: false, beta: false })
    await until(() => events(page), ['READY', 'CONFIGURATION_CHANGED dark'])
    expect(await dark(page)).toBe(false)
    await relay.set({ dark: false, fresh: true })
    await until(() => events(page), ['READY', 'CONFIGURATION_CHANGED dark', 'CONFIGURATION_CHANGED beta,fresh'])
    await page.evaluate(() => shop.change({ targetingKey: 'vip' }))
    expect(await dark(page)).toBe(true)
    expect((await events(page)).slice(3)).toEqual(['RECONCILING', 'CONTEXT_CHANGED'])
    expect(await open()).toBe(1)
  })

  it('survives without the network, and catches up', async () => {
    const page = await visit()
    await start(page, { staleAfterMs: 300 })
    await context.setOffline(true)
    await until(() => events(page), ['READY', 'STALE'])
    await relay.set({ dark: false, beta: false })
    expect(await dark(page)).toBe(true)
    await context.setOffline(false)
    await until(() => events(page), ['READY', 'STALE', 'CONFIGURATION_CHANGED dark', 'READY'])
    expect(await page.evaluate(() => shop.status())).toBe('READY')
  })

  it('lets go of its connection while nobody sees it, and catches up when somebody does', async () => {
    const tabs = await startTabbedBrowser()
    try {
      const tab = await tabs.open(site.origin)
      await until(() => tab.evaluate('"shop" in globalThis'), true)
      const options = { url: relay.url, key: CLIENT_KEY, hiddenAfterMs: 200 }
      await tab.evaluate(`shop.start(${JSON.stringify(options)})`)
      await tabs.open('about:blank')
      expect(await tab.evaluate('document.visibilityState')).toBe('hidden')
      await until(open, 0)
      await relay.set({ dark: false, beta: false })
      expect(await tab.evaluate('shop.value("dark")')).toBe(true)
      await tab.activate()
      await until(() => tab.evaluate('shop.events'), ['READY', 'CONFIGURATION_CHANGED dark'])
      expect(await open()).toBe(1)
    } finally {
      await tabs.close()
    }
  })

  it('gets over a relay that is killed and comes back with other flags', async () => {
    const page = await visit()
    await start(page, { staleAfterMs: 300 })
    await relay.kill()
    await until(() => events(page), ['READY', 'STALE'])
    expect(await dark(page)).toBe(true)
    await relay.set({ dark: true, beta: true })
    await relay.up()
    await until(() => events(page), ['READY', 'STALE', 'CONFIGURATION_CHANGED beta', 'READY'], 40_000)
  }, 60_000)

  it('starts from what it kept while the relay is away', async () => {
    const first = await visit()
    await start(first)
    await first.close()
    await until(open, 0)
    await relay.kill()
    try {
      const second = await visit()
      expect(await start(second, { staleAfterMs: 300 })).toBeUndefined()
      expect(await second.evaluate(() => shop.details('dark'))).toMatchObject({ value: true, reason: 'CACHED' })
      await until(() => events(second), ['READY', 'STALE'])
      // Nobody else's values, though.
      expect(await start(await visit(), {}, 'bob')).toMatch(/fetch/)
    } finally {
      await relay.up()
    }
  })

  it('reports what was seen, also at the last moment', async () => {
    const before = await relay.metric('halyard_track_events_total')
    const page = await visit()
    await start(page, { exposures: true })
    await dark(page)
    await page.evaluate(() => shop.track('checkout'))
    await page.close({ runBeforeUnload: true })
    await until(() => relay.metric('halyard_track_events_total'), before + 2)
  })
})

describe('several tabs', () => {
  it('have one stream, which another tab takes over when its holder is closed', async () => {
    const opened = await relay.metric('halyard_streams_opened_total')
    const pages = await Promise.all([visit(), visit(), visit()])
    for (const page of pages) expect(await start(page)).toBeUndefined()
    expect(await Promise.all(pages.map(dark))).toEqual([true, true, true])
    expect(await open()).toBe(1)
    expect((await Promise.all(pages.map(leads))).filter(Boolean).length).toBe(1)

    await relay.set({ dark: false, beta: false })
    for (const page of pages) await until(() => events(page), ['READY', 'CONFIGURATION_CHANGED dark'])
    expect((await relay.metric('halyard_streams_opened_total')) - opened).toBe(1)

    const holders = await Promise.all(pages.map(leads))
    await pages[holders.indexOf(true)]?.close()
    const rest = pages.filter((_, index) => !holders[index])
    await until(async () => (await Promise.all(rest.map(leads))).filter(Boolean).length, 1)
    await until(open, 1)
    await relay.set({ dark: true, beta: false })
    const all = ['READY', 'CONFIGURATION_CHANGED dark', 'CONFIGURATION_CHANGED dark']
    for (const page of rest) await until(() => events(page), all)
    expect((await relay.metric('halyard_streams_opened_total')) - opened).toBe(2)
  })

  it('get over a killed relay together', async () => {
    const pages = [await visit(), await visit()]
    for (const page of pages) await start(page, { staleAfterMs: 300 })
    await relay.kill()
    for (const page of pages) await until(() => events(page), ['READY', 'STALE'])
    await relay.set({ dark: false, beta: false })
    await relay.up()
    const all = ['READY', 'STALE', 'CONFIGURATION_CHANGED dark', 'READY']
    for (const page of pages) await until(() => events(page), all, 40_000)
    expect(await relay.metric('halyard_streams_opened_total')).toBe(1)
  }, 60_000)

  it('of different users, or with different keys, share nothing', async () => {
    const [ann, vip] = [await visit(), await visit()]
    await start(ann, {}, 'ann')
    await start(vip, {}, 'vip')
    await relay.set({ dark: false, beta: false })
    await until(() => dark(ann), false)
    expect(await dark(vip)).toBe(true)
    expect(await open()).toBe(2)
    expect(await start(await visit(), { key: 'not-a-key-at-all' })).toContain('401')
  })

  it('leave the stream to one that is seen', async () => {
    const tabs = await startTabbedBrowser()
    try {
      const begin = async (): Promise<Tab> => {
        const tab = await tabs.open(site.origin)
        await until(() => tab.evaluate('"shop" in globalThis'), true)
        await tab.evaluate(`shop.start(${JSON.stringify({ url: relay.url, key: CLIENT_KEY, hiddenAfterMs: 300 })})`)
        return tab
      }
      const first = await begin()
      expect(await first.evaluate('shop.health().leader')).toBe(true)
      const second = await begin()
      await until(() => second.evaluate('shop.health().leader'), true)
      expect(await first.evaluate('shop.health().leader')).toBe(false)
      await until(open, 1)
      await relay.set({ dark: false, beta: false })
      const change = ['READY', 'CONFIGURATION_CHANGED dark']
      await until(() => second.evaluate('shop.events'), change)
      expect(await first.evaluate('shop.value("dark")')).toBe(true)
      await first.activate()
      await until(() => first.evaluate('shop.events'), change)
    } finally {
      await tabs.close()
    }
  })

  it('leave no requests for locks behind, however often contexts change', async () => {
    const [first, second] = [await visit(), await visit()]
    await start(first)
    await start(second)
    const pending = (): Promise<number> =>
      second.evaluate(async () => (await navigator.locks.query()).pending?.length ?? -1)
    for (let times = 0; times < 4; times++) {
      for (const targetingKey of ['vip', 'ann']) {
        await second.evaluate((user) => shop.change({ targetingKey: user }), targetingKey)
      }
    }
    await until(pending, 1)
    expect(await leads(first)).toBe(true)
    await first.close()
    await until(() => leads(second), true)
  })

  it('do not wait for one that hangs', async () => {
    const hanging = await visit()
    await start(hanging)
    const hung = hanging.evaluate(() => {
      const end = Date.now() + 5_000
      while (Date.now() < end);
    })
    const page = await visit()
    await start(page, { cache: false })
    expect(await dark(page)).toBe(true)
    expect(await leads(page)).toBe(true)
    await hung
    await until(() => leads(hanging), false)
    await until(open, 1)
    await relay.set({ dark: false, beta: false })
    await until(() => dark(hanging), false)
  })
})

describe('storage', () => {
  it('may be full', async () => {
    const page = await visit()
    await page.evaluate(() => {
      for (let size = 1 << 20; size > 0; size >>= 1) {
        try {
          for (let number = 0; ; number++) localStorage.setItem(`${size}-${number}`, 'x'.repeat(size))
        } catch {
          // Full for this size.
        }
      }
    })
    await start(page)
    await relay.set({ dark: false, beta: false })
    await until(() => events(page), ['READY', 'CONFIGURATION_CHANGED dark'])
    expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('halyard')))).toEqual([])
  })

  it('may be denied, with locks and channels', async () => {
    const page = await visit('/framed')
    const frame = page.frames().find((candidate) => candidate !== page.mainFrame()) as Frame
    await frame.waitForFunction(() => 'shop' in globalThis)
    const denied = await frame.evaluate(() => {
      try {
        return `there are ${localStorage.length}`
      } catch (error) {
        return (error as Error).name
      }
    })
    expect(denied).toBe('SecurityError')
    expect(await start(frame, { url })).toBeUndefined()
    await relay.set({ dark: false, beta: false })
    await until(() => events(frame), ['READY', 'CONFIGURATION_CHANGED dark'])
  })

  it('holds no key', async () => {
    const page = await visit()
    await start(page)
    const kept = await page.evaluate(() => JSON.stringify(localStorage))
    expect(kept).toContain('dark')
    expect(kept).not.toContain(CLIENT_KEY)
  })
})

describe('behind a proxy that', () => {
  it('knows OFREP only, gives bulk answers and change notices', async () => {
    proxy.hidden = '/v1/stream'
    const page = await visit()
    expect(await start(page, { url })).toBeUndefined()
    await until(open, 1)
    await relay.set({ dark: false, beta: false })
    await until(() => events(page), ['READY', 'CONFIGURATION_CHANGED dark'])
    await page.evaluate(() => shop.change({ targetingKey: 'vip' }))
    expect(await dark(page)).toBe(true)
    await until(open, 1)
    // The relay remembers what it told a stream that was cut; a bulk answer tells what happened meanwhile.
    proxy.drop()
    await relay.set({ dark: false, fresh: true })
    const later = ['RECONCILING', 'CONTEXT_CHANGED', 'CONFIGURATION_CHANGED beta,fresh']
    await until(async () => (await events(page)).slice(2), later, 30_000)
  }, 60_000)

  it('is slow, starts late', async () => {
    proxy.fault = 'slow'
    const page = await visit()
    expect(await start(page, { url })).toBeUndefined()
    expect(await events(page)).toEqual(['READY'])
  })

  it.each([
    ['resets connections', 'refuse'],
    ['cuts answers', 'cut'],
    ['says nonsense', 'garbage'],
    ['has no relay', { status: 502 }],
  ] as const)(
    '%s, is in error, and ready once it is well',
    async (_, fault) => {
      proxy.fault = fault
      const page = await visit()
      expect(await start(page, { url })).not.toBeUndefined()
      expect(await page.evaluate(() => shop.status())).toBe('ERROR')
      proxy.fault = 'pass'
      await until(() => events(page), ['ERROR', 'READY'], 30_000)
      expect(await dark(page)).toBe(true)
    },
    60_000,
  )

  it.each([
    ['resets connections', 'refuse'],
    ['cuts answers', 'cut'],
    ['says nonsense', 'garbage'],
    ['has no relay', { status: 502 }],
  ] as const)(
    '%s later, is STALE, and catches up',
    async (_, fault) => {
      const page = await visit()
      await start(page, { url, staleAfterMs: 300 })
      proxy.fault = fault
      proxy.drop()
      await until(() => events(page), ['READY', 'STALE'])
      await relay.set({ dark: false, beta: false })
      proxy.fault = 'pass'
      await until(() => events(page), ['READY', 'STALE', 'CONFIGURATION_CHANGED dark', 'READY'], 60_000)
    },
    90_000,
  )

  it('has too many requests, is left alone as long as it says', async () => {
    proxy.fault = { status: 429, headers: { 'retry-after': '3' } }
    const page = await visit()
    expect(await start(page, { url })).toContain('429')
    const refused = Date.now()
    proxy.fault = 'pass'
    const asked = proxy.requests.length
    await page.evaluate(() => shop.change({ targetingKey: 'vip' }))
    expect(await page.evaluate(() => shop.status())).toBe('ERROR')
    expect(proxy.requests.length).toBe(asked)
    await until(() => page.evaluate(() => shop.status()), 'READY')
    expect(Date.now() - refused).toBeGreaterThan(2_500)
    expect(await events(page)).toEqual(['ERROR', 'RECONCILING', 'ERROR', 'READY'])
  })

  it('refuses the key, is fatal', async () => {
    proxy.fault = { status: 403 }
    const page = await visit()
    await start(page, { url })
    expect(await page.evaluate(() => shop.status())).toBe('FATAL')
    expect(await events(page)).toEqual(['ERROR'])
  })
})

describe('the OpenFeature project’s own OFREP provider', () => {
  it('gets flags and their changes from the relay', async () => {
    const page = await visit()
    const options = { baseUrl: relay.url, headers: [['Authorization', `Bearer ${CLIENT_KEY}`]] as [string, string][] }
    await page.evaluate((given) => shop.startOfrep(given, { targetingKey: 'ann' }), options)
    expect(await dark(page)).toBe(true)
    await until(open, 1)
    await relay.set({ dark: false, beta: false })
    await until(() => dark(page), false)
    expect(await events(page)).toEqual(['READY', 'CONFIGURATION_CHANGED dark'])
  })
})
