/**
 * A step of `npm test`: finds or installs the browser before the tests need it. Within a test the minutes that an
 * installation takes would look like a test that hangs, and a refusal like one that fails.
 */
import { startBrowser } from './browser.ts'

try {
  const browser = await startBrowser()
  process.stdout.write(`Chromium ${browser.version()}\n`)
  await browser.close()
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
