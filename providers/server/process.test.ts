/** A process that has nothing else to do ends, whatever the provider in it waits for. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

const waiting = (options: string): string => `
import { HalyardProvider } from '${import.meta.dirname}/provider.ts'
const document = { flags: { a: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' } } }
const bootstrap = { dialect: 'flagd', document }
const provider = new HalyardProvider({ url: 'http://127.0.0.1:9', ${options} })
const outcome = await provider.initialize().then(() => 'ready', ({ code }) => code)
provider.track('bye', {})
console.log(outcome)
`

it.each([
  ['with a document, without a relay', 'bootstrap', 'ready'],
  ['polling', 'bootstrap, pollMs: 100', 'ready'],
  ['without both, not before it has said so', 'initTimeoutMs: 200', 'GENERAL'],
  ['asking in vain', 'mode: "remote", initTimeoutMs: 200', 'GENERAL'],
])('ends %s', async (_, options, outcome) => {
  const args = ['--input-type=module', '--eval', waiting(options)]
  expect(await run(process.execPath, args, { timeout: 10_000 })).toMatchObject({ stdout: `${outcome}\n` })
})

it.each(['provider.onClose()', 'provider.client.flush()'])('outlives %s, whose end somebody awaits', async (call) => {
  const after = `await ${call}
console.log('after')`
  const options = 'bootstrap, closeTimeoutMs: 300, timers: { ...systemTimers, random: () => 0.001 }'
  const timers = `import { systemTimers } from '${import.meta.dirname}/timers.ts'`
  const args = ['--input-type=module', '--eval', `${timers}\n${waiting(options)}\n${after}`]
  expect(await run(process.execPath, args, { timeout: 10_000 })).toMatchObject({ stdout: 'ready\nafter\n' })
})
