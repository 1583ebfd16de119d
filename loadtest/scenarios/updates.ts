/**
 * A big document replaced every five seconds while clients ask: whether parsing and compiling it makes requests wait.
 * Rounds without updates run in between, since a busy machine makes requests wait, too.
 */
import { contextBodies, flagdDocument } from '../documents.ts'
import type { Shot } from '../measure/drive.ts'
import { interleave } from '../measure/interleave.ts'
import type { OpenLoopResult } from '../measure/open-loop.ts'
import { metricSum } from '../measure/prometheus.ts'
import type { Result } from '../report/result.ts'
import { figure } from '../report/table.ts'
import { startRelay } from '../targets/relay.ts'
import type { Relay } from '../targets/relay.ts'
import { merged, openLoopAt } from './latency.ts'
import { SINGLE_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

const FLAGS = 20_000
/** Brings the document to about 6 MB. */
const METADATA_BYTES = 80
const EVERY_MS = 5000
const SCRAPE_MS = 1000
const CONTEXTS = 1024
const LAG = 'nodejs_eventloop_lag_max_seconds'
const DOCUMENTS = 'halyard_documents_total'
const LAG_METRIC = 'event-loop delay, maximum'

interface Round {
  readonly run: OpenLoopResult
  /** Milliseconds; absent when the relay does not tell. */
  readonly lag: number | undefined
  readonly published: number
  readonly arrived: number
}

export async function updates(session: Session): Promise<Result> {
  const { options, pinning, say } = session
  const shots = contextBodies(CONTEXTS, options.seed).map((body) => ({ body }))
  const document = flagdDocument(FLAGS, { metadataBytes: METADATA_BYTES })
  say(`starting relay with ${FLAGS} flags, ${figure(document.length / 1e6)} MB`)
  const relay = await startRelay({ pinning, document, path: SINGLE_PATH })
  try {
    await openLoopAt(session, relay, shots, Math.min(3, options.seconds))
    let version = 0
    const next = (): string => flagdDocument(FLAGS, { metadataBytes: METADATA_BYTES, version: ++version })
    const phases = [{ name: 'updates' }, { name: 'quiet' }]
    const rounds = await interleave(phases, options.runs, async ({ name }, round) => {
      const result = await measure(session, relay, shots, name === 'updates' ? next : undefined)
      const { p99, max } = result.run.latencies.percentiles()
      const lag = result.lag === undefined ? 'unknown' : `${figure(result.lag)} ms`
      const counts = `${result.arrived} of ${result.published} documents arrived`
      say(
        `round ${round + 1} of ${options.runs}: ${name} p99 ${figure(p99)}, max ${figure(max)} ms, loop max ${lag}, ${counts}`,
      )
      return result
    })
    return resultOf(session, rounds, document.length)
  } finally {
    await relay.stop()
  }
}

async function measure(session: Session, relay: Relay, shots: readonly Shot[], next?: () => string): Promise<Round> {
  let published = 0
  let lag: number | undefined
  // Made ahead: making a document takes this process long enough to be late with requests.
  const ready =
    next === undefined ? [] : Array.from({ length: Math.ceil((session.options.seconds * 1000) / EVERY_MS) }, next)
  const scrape = async (): Promise<string> => {
    const text = await (await fetch(`${relay.managementUrl}/metrics`, { signal: AbortSignal.timeout(5000) })).text()
    const seconds = metricSum(text, LAG)
    // Each scrape begins a new maximum.
    if (seconds !== undefined) lag = Math.max(lag ?? 0, seconds * 1000)
    return text
  }
  const before = metricSum(await scrape(), DOCUMENTS, 'result="swapped"') ?? 0
  lag = undefined
  const publish = (): void => {
    const document = ready.shift()
    if (document === undefined) return
    published++
    relay.publish(document)
  }
  const scraper = setInterval(() => void scrape().catch(() => undefined), SCRAPE_MS)
  const publisher = setInterval(publish, EVERY_MS)
  setTimeout(publish, 100)
  try {
    const run = await openLoopAt(session, relay, shots, session.options.seconds)
    const after = metricSum(await scrape(), DOCUMENTS, 'result="swapped"') ?? 0
    return { run, lag, published, arrived: after - before }
  } finally {
    clearInterval(scraper)
    clearInterval(publisher)
  }
}

function resultOf({ options }: Session, rounds: ReadonlyMap<string, readonly Round[]>, bytes: number): Result {
  const samples = (read: (round: Round) => number): Record<string, number[]> =>
    Object.fromEntries([...rounds].map(([name, each]) => [name, each.map(read)]))
  const all = [...rounds.values()].flat()
  const knowsLag = all.every(({ lag }) => lag !== undefined)
  const sum = (read: (round: Round) => number): number => all.reduce((total, round) => total + read(round), 0)
  return {
    metrics: [
      ...(knowsLag
        ? [{ name: LAG_METRIC, unit: 'ms', better: 'less' as const, samples: samples(({ lag }) => lag ?? Number.NaN) }]
        : []),
      { name: 'p99', unit: 'ms', better: 'less', samples: samples(({ run }) => run.latencies.at(99)) },
      { name: 'max', unit: 'ms', better: 'less', samples: samples(({ run }) => run.latencies.at(100)) },
    ],
    goals: [{ name: 'event-loop maximum during updates', metric: LAG_METRIC, of: 'updates', atMost: 25 }],
    latencies: Object.fromEntries(
      [...rounds].map(([name, each]) => [name, merged(each.map(({ run }) => run.latencies)).percentiles()]),
    ),
    notes: [
      `${FLAGS} flags, ${figure(bytes / 1e6)} MB, replaced every ${EVERY_MS / 1000} s, ${options.rate} req/s`,
      `${sum(({ published }) => published)} documents published, ${sum(({ arrived }) => arrived)} applied by the end of their round`,
      'the event-loop delay is that of the process that answers, as its /metrics tell; it includes the sampling timer’s own interval of about 10 ms, see the quiet rounds',
      ...(knowsLag ? [] : [`the relay does not expose ${LAG}`]),
    ],
    failures: sum(({ run }) => run.failures),
  }
}
