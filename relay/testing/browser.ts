/**
 * A real browser for tests: Chromium as the machine has it, or as apt-get installs it. What a page may do when it is
 * hidden, offline or about to end is decided by browsers, and no imitation of one would have told us.
 */
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { findOrInstall, which } from './install.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Nothing that talks to the network by itself; a sandbox needs privileges that containers lack. */
export const SETTINGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The path of a Chromium; rejects with a message that says what to do where there is none and none may be installed. */
export async function findChromium(): Promise<string> {
  for (const name of NAMES) {
    const path = await which(name)
    if (path !== undefined) return path
  }
  return findOrInstall('chromium', 'chromium')
}

/** Starts one, without a window. The caller closes it. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: [...SETTINGS] })
}
