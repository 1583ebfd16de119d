/** `npm run loadtest -- <scenario>`: measures a relay that it starts itself. Sends traffic to this machine only. */
import { parseArgs } from 'node:util'
import { contextBodies, flagdDocument } from './documents.ts'
import { drive } from './drive.ts'
import type { Measured } from './drive.ts'
import { startRelay } from './relay-under-test.ts'

const HELP = `Usage: npm run loadtest -- <scenario> [options]

Scenarios
  single   one flag per request (POST /ofrep/v1/evaluate/flags/{key}), contexts vary
  bulk     all flags per request (POST /ofrep/v1/evaluate/flags), contexts vary

Options
  --flags N         flags in the document           (default 100)
  --connections N   open connections                (default 64)
  --seconds N       length of each run              (default 10)
  --runs N          measured runs after a warm-up   (default 3)
  --contexts N      different contexts, in turn     (default 1000)
  --seed N          seed of the contexts            (default 1)
  --json            print the measurements as JSON
`

const PATHS = new Map([
  ['single', '/ofrep/v1/evaluate/flags/flag-1'],
  ['bulk', '/ofrep/v1/evaluate/flags'],
])

interface Options {
  readonly path: string
  readonly scenario: string
  readonly flags: number
  readonly connections: number
  readonly seconds: number
  readonly runs: number
  readonly contexts: number
  readonly seed: number
  readonly json: boolean
}

/** Exit codes: 0 measured, 1 some answers failed, 2 usage. */
async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2))
  if (typeof options === 'number') return options
  const relay = await startRelay(flagdDocument(options.flags))
  const runs: Measured[] = []
  try {
    const bodies = contextBodies(options.contexts, options.seed)
    const load = { ...options, url: relay.url, bodies, pid: relay.pid }
    process.stderr.write('warming up\n')
    await drive({ ...load, seconds: Math.min(3, options.seconds) })
    for (let run = 1; run <= options.runs; run++) {
      process.stderr.write(`run ${run} of ${options.runs}, ${options.seconds} s\n`)
      runs.push(await drive(load))
    }
  } finally {
    await relay.stop()
  }
  process.stdout.write(
    options.json ? `${JSON.stringify({ ...options, node: process.version, runs }, null, 2)}\n` : table(options, runs),
  )
  return runs.some((run) => run.failures > 0) ? 1 : 0
}

function optionsOf(args: string[]): Options | number {
  try {
    const number = (fallback: string): { type: 'string'; default: string } => ({ type: 'string', default: fallback })
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        flags: number('100'),
        connections: number('64'),
        seconds: number('10'),
        runs: number('3'),
        contexts: number('1000'),
        seed: number('1'),
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const scenario = positionals[0] ?? ''
    const path = PATHS.get(scenario)
    if (values.help) return usage(0)
    if (path === undefined)
      return usage(2, scenario === '' ? 'name a scenario' : `unknown scenario ${JSON.stringify(scenario)}`)
    const { help: _help, json, ...texts } = values
    const numbers = Object.entries(texts).map(([name, text]) => [name, Number(text)] as const)
    const wrong = numbers.find(([, value]) => !Number.isInteger(value) || value < 1)
    if (wrong !== undefined) return usage(2, `--${wrong[0]} must be a whole number of at least 1`)
    return { path, scenario, json, ...(Object.fromEntries(numbers) as Omit<Options, 'path' | 'scenario' | 'json'>) }
  } catch (error) {
    return usage(2, error instanceof Error ? error.message : String(error))
  }
}

function usage(code: number, problem?: string): number {
  if (problem === undefined) process.stdout.write(HELP)
  else process.stderr.write(`${problem}\n\n${HELP}`)
  return code
}

function table(options: Options, runs: readonly Measured[]): string {
  const rows = runs.map((run, index) => ({
    run: index + 1,
    'req/s': Math.round(run.requestsPerSecond),
    'p50 ms': run.latency.p50,
    'p90 ms': run.latency.p90,
    'p99 ms': run.latency.p99,
    'max ms': run.latency.max,
    'CPU µs/req': Number(run.cpuMicrosPerRequest.toFixed(1)),
    'RSS MB': Math.round(run.rssBytes / 1e6),
    failures: run.failures,
  }))
  const names = Object.keys(rows[0] ?? {})
  const cells = [names, ...rows.map((row) => Object.values(row).map(String))]
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
  const { scenario, flags, connections, contexts, seed } = options
  return `${scenario}: ${flags} flags, ${connections} connections, ${contexts} contexts (seed ${seed}), Node ${process.version}\n${lines.join('\n')}\n`
}

process.exitCode = await main()
