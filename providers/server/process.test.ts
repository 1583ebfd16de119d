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
