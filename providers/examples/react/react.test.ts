/** The example in a real browser against a real relay: who renders when one flag changes, counted. */
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startBrowser } from '../../../relay/testing/browser.ts'
import { CLIENT_KEY, RealRelay } from '../../web/testing/real-relay.ts'
import type { Flags } from '../../web/testing/real-relay.ts'
import { serveSite } from '../../web/testing/site.ts'
import type { Site } from '../../web/testing/site.ts'

declare const renders: Record<string, number>

const FLAGS: Flags = { banner: false, 'button-color': 'blue', unrelated: false }
let browser: Browser
let site: Site
let relay: RealRelay

beforeAll(async () => {
  browser = await startBrowser()
  site = await serveSite(join(import.meta.dirname, 'main.tsx'))
  relay = await RealRelay.start(FLAGS, site.origin)
}, 600_000)
afterAll(async () => {
  await Promise.all([browser?.close(), site?.close(), relay?.stop()])
})

const counted = (page: Page): Promise<Record<string, number>> => page.evaluate(() => ({ ...renders }))

it('renders again only the component whose flag changed', async () => {
  const page = await browser.newPage()
  await page.goto(
    `${site.origin}/?${new URLSearchParams({ relay: relay.url, key: CLIENT_KEY, user: 'ann' }).toString()}`,
  )
  await page.waitForSelector('#buy[data-variant=blue]')
  const before = await counted(page)
  expect(before).toEqual({ Shop: 1, Basket: 1, Banner: 1, Buy: 1 })

  await relay.set({ ...FLAGS, banner: true })
  await page.waitForSelector('#banner')
  expect(await counted(page)).toEqual({ ...before, Banner: 2 })

  // A flag that nobody reads: seen by the page, rendered by nobody.
  await relay.set({ ...FLAGS, banner: true, unrelated: true })
  await relay.set({ ...FLAGS, banner: true, unrelated: true, 'button-color': 'red' })
  await page.waitForSelector('#buy[data-variant=red]')
  expect(await counted(page)).toEqual({ Shop: 1, Basket: 1, Banner: 2, Buy: 2 })
})
