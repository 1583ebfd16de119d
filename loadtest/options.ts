/** The command line of the load test. Every default is here and in the help; nothing is read from the environment. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export const HELP = `Usage: npm run loadtest -- <scenario> [options]

Measures a relay that it starts itself, beside constants of the same bytes and the peers of loadtest/peers.yaml.
Sends traffic to this machine only. Progress goes to stderr, figures to stdout, JSON and HTML into loadtest/results/.

Scenarios
  single    one flag per request, contexts vary
  bulk      all flags per request; see --flags and --mode
  growth    one flag per request with 100, 1000, 5000 and 20 000 flags in the document
  latency   open loop: constant arrival rate, latency from the moment a request was due; see --rate
  updates   a document of 20 000 flags (about 6 MB) replaced every 5 s under open-loop load
  start     from spawn to the first answer out of the last known good, 1000 and 20 000 flags, sources and compiled
  memory    resident memory with 1000 and 20 000 flags, sources and compiled
  streams   10 000 open streams: memory of an idle one, and how fast a change reaches the last; see --flags
  engine    the engine against each vendor's npm SDK; see --vendor
  providers the server provider, alone and through the OpenFeature SDK, against others' SDKs and providers; --vendor
  bundles   the web provider's size beside others', which are installed for it; see --vendor

Options
  --flags N         flags in the document: single, bulk, latency, streams (default 100)
  --mode M          bulk: distinct, repeated, unchanged or all      (default all)
  --connections N   open connections                                (default 64)
  --pipelining N    requests in flight per connection               (default 1)
  --rate N          requests per second of the open loops           (default 2000)
  --seconds N       length of each run                              (default 10)
  --runs N          interleaved rounds                              (default 5)
  --seed N          seed of the contexts                            (default 1)
  --vendor V        engine, providers, bundles: only this, may be repeated   (default all)
  --out FOLDER      where results are written                       (default loadtest/results)
  --no-pin          let the scheduler place servers and generator
  --no-peers        leave peers.yaml aside
  --json            print the result as JSON

Bounds: --seconds 600, --runs 100, --rate 50 000, --connections 10 000, --flags 100 000.
`

export type Mode = 'distinct' | 'repeated' | 'unchanged'
export const MODES: readonly Mode[] = ['distinct', 'repeated', 'unchanged']

export interface Options {
  readonly scenario: string
  readonly flags: number
  readonly modes: readonly Mode[]
  readonly connections: number
  readonly pipelining: number
  readonly rate: number
  readonly seconds: number
  readonly runs: number
  readonly seed: number
  readonly vendors: readonly string[]
  readonly out: string
  readonly pin: boolean
  readonly peers: boolean
  readonly json: boolean
}

export class UsageError extends Error {}

/** Upper bounds, so that a slip of the finger neither runs for a day nor exhausts the machine. */
const NUMBERS = {
  flags: [100, 100_000],
  connections: [64, 10_000],
  pipelining: [1, 1000],
  rate: [2000, 50_000],
  seconds: [10, 600],
  runs: [5, 100],
  seed: [1, 4_294_967_295],
} as const

/** Undefined when help is asked for. Throws UsageError. */
export function readOptions(args: readonly string[], scenarios: readonly string[]): Options | undefined {
  const { values, positionals } = parsed(args)
  if (values.help) return undefined
  const [scenario, surplus] = positionals
  if (scenario === undefined) throw new UsageError('name a scenario')
  if (!scenarios.includes(scenario)) throw new UsageError(`unknown scenario ${JSON.stringify(scenario)}`)
  if (surplus !== undefined) throw new UsageError(`one scenario at a time, not also ${JSON.stringify(surplus)}`)
  const number = (name: keyof typeof NUMBERS): number => {
    const [fallback, most] = NUMBERS[name]
    const value = values[name] === undefined ? fallback : Number(values[name])
    if (Number.isInteger(value) && value >= 1 && value <= most) return value
    throw new UsageError(`--${name} must be a whole number from 1 to ${most}`)
  }
  const { mode = 'all', vendor = [], out = join(import.meta.dirname, 'results') } = values
  const modes = mode === 'all' ? MODES : MODES.filter((known) => known === mode)
  if (modes.length === 0) throw new UsageError(`--mode must be ${MODES.join(', ')} or all`)
  return {
    scenario,
    flags: number('flags'),
    modes,
    connections: number('connections'),
    pipelining: number('pipelining'),
    rate: number('rate'),
    seconds: number('seconds'),
    runs: number('runs'),
    seed: number('seed'),
    vendors: vendor,
    out,
    pin: values['no-pin'] !== true,
    peers: values['no-peers'] !== true,
    json: values.json === true,
  }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        flags: text,
        mode: text,
        connections: text,
        pipelining: text,
        rate: text,
        seconds: text,
        runs: text,
        seed: text,
        vendor: { type: 'string', multiple: true },
        out: text,
        'no-pin': flag,
        'no-peers': flag,
        json: flag,
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
