/** Large documents are compiled beside serving, with a real survey thread: in order, whole, and never half visible. */
import { afterEach, expect, it, vi } from 'vitest'
import { Compiler } from '../compiler/compiler.ts'
import { systemTimers } from '../upstream/clock.ts'
import { RefreshedEnvironment } from './refresh.ts'
import { ScriptedSource } from './testing/scripted.ts'

const compilers: Compiler[] = []
afterEach(async () => {
  for (const compiler of compilers.splice(0)) await compiler.stop()
})

/** About 300 bytes a flag. */
function flags(count: number, name: string): object {
  const targeting = { if: [{ in: [{ var: 'country' }, ['NL', 'BE', 'DE']] }, 'on', 'off'] }
  const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on', targeting }
  const entries = Array.from({ length: count }, (_, index) => [`${name}-${index}`, flag] as const)
  return { flags: Object.fromEntries(entries), metadata: { filler: 'x'.repeat(100) } }
}

async function rig(): Promise<{ environment: RefreshedEnvironment; source: ScriptedSource; log: string[] }> {
  const log: string[] = []
  const compiler = new Compiler(systemTimers)
  compilers.push(compiler)
  const source = new ScriptedSource()
  const environment = new RefreshedEnvironment({
    name: 'shop',
    vendor: 'flagd',
    dialect: 'flagd',
    options: {},
    connect: () => source,
    stores: [],
    plausibility: { maxShrink: 1, maxGrowth: 1e6, confirmations: 3, confirmAfterMs: 60_000 },
    staleAfterMs: 30_000,
    timers: systemTimers,
    compiler,
    events: {
      swapped: ({ after }) => log.push(`${after.version}: ${after.ruleset.keys.length} ${after.ruleset.keys[0]}`),
      quarantined: () => log.push('quarantined'),
      rejected: (_, message) => log.push(`rejected: ${message}`),
      upstreamFailed: () => undefined,
      storeFailed: () => undefined,
      listenerFailed: () => undefined,
    },
  })
  await environment.start()
  return { environment, source, log }
}

it('are served once whole, while the old document goes on serving', async () => {
  const { environment, source, log } = await rig()
  source.deliver(flags(1, 'small'), 1)
  expect(log).toEqual(['1: 1 small-0'])
  source.deliver(flags(2000, 'large'), 2)
  let turns = 0
  while (environment.snapshot()?.version === 1 && log.length === 1) {
    expect(environment.snapshot()?.ruleset.keys).toEqual(['small-0'])
    turns++
    await new Promise((resolve) => void setImmediate(resolve))
  }
  expect(turns).toBeGreaterThan(3)
  expect(log).toEqual(['1: 1 small-0', '2: 2000 large-0'])
  expect(environment.snapshot()?.ruleset.evaluate('large-1999', { country: 'FR' }).value).toBe(false)
})

it('stay in order with small ones and confirmations; those overtaken while waiting are left out', async () => {
  const { environment, source, log } = await rig()
  source.deliver(flags(1000, 'first'), 1)
  source.deliver(flags(1000, 'overtaken'), 2)
  source.deliver(flags(1, 'last'), 3)
  source.unchanged(4)
  expect(log).toEqual([])
  await vi.waitFor(() => expect(log).toEqual(['1: 1000 first-0', '2: 1 last-0']), { timeout: 10_000 })
  expect(environment.status().confirmedAt).toBe(4)
})

it('that cannot be used are rejected in the words of small ones', async () => {
  const { environment, source, log } = await rig()
  const text = JSON.stringify(flags(1000, 'flag'))
  source.deliver(text, 1)
  source.deliver(text, 2)
  await vi.waitFor(() => expect(environment.status().confirmedAt).toBe(2), { timeout: 10_000 })
  source.deliver(`${text.slice(0, -1)},`, 3)
  await vi.waitFor(() => expect(log.at(-1)).toMatch(/^rejected: not valid JSON: /), { timeout: 10_000 })
  source.deliver(JSON.stringify({ flags: 5, filler: 'x'.repeat(200_000) }), 4)
  await vi.waitFor(() => expect(log.at(-1)).toMatch(/^rejected: flags: must be /), { timeout: 10_000 })
  expect(environment.snapshot()?.version).toBe(1)
  expect(environment.status().confirmedAt).toBe(2)
})

it('are given up by stop', async () => {
  const { environment, source, log } = await rig()
  source.deliver(flags(3000, 'flag'), 1)
  await new Promise((resolve) => void setTimeout(resolve, 30))
  await environment.stop()
  expect(log).toEqual([])
  expect(environment.snapshot()).toBeUndefined()
})
