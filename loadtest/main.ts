/** `npm run loadtest -- <scenario>`: reads the command line, runs one scenario, prints and writes what it found. */
import { cpus, loadavg } from 'node:os'
import { HELP, readOptions, UsageError } from './options.ts'
import type { Options } from './options.ts'
import type { Circumstances } from './report/result.ts'
import { verdictsOf } from './report/judge.ts'
import { printed } from './report/text.ts'
import { writeResult } from './report/write.ts'
import { bulk } from './scenarios/bulk.ts'
import { bundles } from './scenarios/bundles.ts'
import { engine } from './scenarios/engine.ts'
import { growth } from './scenarios/growth.ts'
import { latency } from './scenarios/latency.ts'
import { memory } from './scenarios/memory.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { providers } from './scenarios/providers.ts'
import { single } from './scenarios/single.ts'
import { start } from './scenarios/start.ts'
import { streams } from './scenarios/streams.ts'
import { updates } from './scenarios/updates.ts'
import { pin } from './targets/pinning.ts'

const SCENARIOS: ReadonlyMap<string, Scenario> = new Map<string, Scenario>([
  ['single', single],
  ['bulk', bulk],
  ['growth', growth],
  ['latency', latency],
  ['updates', updates],
  ['start', start],
  ['memory', memory],
  ['streams', streams],
  ['engine', engine],
  ['providers', providers],
  ['bundles', bundles],
])

/** Exit codes: 0 measured, 1 no measurement (answers failed, or the scenario could not run), 2 usage. */
async function main(args: readonly string[]): Promise<number> {
  let options: Options | undefined
  try {
    options = readOptions(args, [...SCENARIOS.keys()])
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${HELP}`)
    return 2
  }
  const scenario = SCENARIOS.get(options?.scenario ?? '')
  if (options === undefined || scenario === undefined) {
    process.stdout.write(HELP)
    return 0
  }
  return await measure(scenario, options)
}

async function measure(scenario: Scenario, options: Options): Promise<number> {
  const pinning = pin(options.pin)
  const began = performance.now()
  const say = (line: string): void => {
    process.stderr.write(`${`${Math.round((performance.now() - began) / 1000)} s`.padStart(6)}  ${line}\n`)
  }
  const circumstances: Circumstances = {
    scenario: options.scenario,
    options: { ...options },
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    pinning: pinning.words,
    loadBefore: loadavg()[0] ?? 0,
  }
  say(`${options.scenario}, seed ${options.seed}, ${pinning.words}`)
  const result = await scenario({ options, pinning, say })
  const everything = { circumstances, ...result, verdicts: verdictsOf(result) }
  process.stdout.write(
    options.json ? `${JSON.stringify(everything, null, 2)}\n` : `${printed(result, circumstances)}\n`,
  )
  for (const file of writeResult(result, circumstances, options.out)) say(`wrote ${file}`)
  return result.failures > 0 ? 1 : 0
}

// The exit handler of process.ts ends the servers when a person ends this.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.exitCode = await main(process.argv.slice(2))
// Sockets of `fetch` and timers that are no longer needed must not keep a finished run alive.
process.exit()
