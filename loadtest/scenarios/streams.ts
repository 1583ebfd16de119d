/**
 * Ten thousand open streams: what an idle one costs in resident memory, and how long a change takes to reach the last.
 * Clients with equal contexts share evaluations and frames, distinct ones do not, so both are measured.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { contextBodies, flagdDocument, users } from '../documents.ts'
import { drive } from '../measure/drive.ts'
import { interleave } from '../measure/interleave.ts'
import { Latencies } from '../measure/latency.ts'
import { usageOf } from '../measure/proc.ts'
import { metricSum } from '../measure/prometheus.ts'
import type { Result } from '../report/result.ts'
import { figure } from '../report/table.ts'
import { pause } from '../targets/process.ts'
import { startRelay } from '../targets/relay.ts'
import type { Relay } from '../targets/relay.ts'
import { merged } from './latency.ts'
import { BULK_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

const STREAMS = 10_000
/** Opened and closed before memory is looked at, so that code and pools are there. */
const WARM_UP = 500
/** Bulk evaluations before that: the space for short-lived objects grows with any work, whether streams are open or not. */
const WARM_UP_SECONDS = 3
/** Flags whose answer is another one after each change, for everybody: an event of about 1 KB. */
const CHANGED = 10
/** Connections under way at a time. */
const AT_ONCE = 100
const SETTLE_MS = 4_000
const CHANGES = 5
const CHANGE_WAIT_MS = 10_000
const PATH = '/v1/stream'

type Contexts = 'equal' | 'distinct'

interface Round {
  readonly bytesPerClient: number
  readonly latencies: Latencies
  /** Seconds from upstream receipt to the last write, as the relay tells; mean of the changes. */
  readonly told: number
  /** CPU time of the relay for one change, ms. */
  readonly cpu: number
  readonly failures: number
}

/** One client: as little as can hold a stream, since ten thousand of them share a process. */
class Client {
  readonly socket: Socket
  whole = false
  changes = 0
  told: () => void = () => {}

  constructor(url: URL, body: string) {
    this.socket = connect(Number(url.port), url.hostname)
    this.socket.setNoDelay(true)
    this.socket.on('error', () => this.socket.destroy())
    this.socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
    this.socket.on('data', (chunk: Buffer) => {
      if (!this.whole) this.whole = chunk.includes('event: whole')
      else if (chunk.includes('event: changed')) this.changes++
      else return
      this.told()
    })
  }
}

export async function streams(session: Session): Promise<Result> {
  const { options, say } = session
  const cases = (['equal', 'distinct'] as const).map((contexts) => ({ name: `${contexts} contexts`, contexts }))
  const results = await interleave(cases, options.runs, async ({ name, contexts }, round) => {
    const one = await measure(session, contexts)
    const { p50, p99, max } = one.latencies.percentiles()
    say(
      `round ${round + 1} of ${options.runs}: ${name} ${figure(one.bytesPerClient / 1024)} KiB per client, change p50 ${figure(p50)}, p99 ${figure(p99)}, max ${figure(max)} ms, relay says ${figure(one.told * 1000)} ms and took ${figure(one.cpu)} ms of CPU, ${one.failures} failures`,
    )
    return one
  })
  const samples = (read: (round: Round) => number): Record<string, number[]> =>
    Object.fromEntries([...results].map(([name, runs]) => [name, runs.map(read)]))
  const memory = 'RSS per idle client'
  const p99 = 'change to client, p99'
  return {
    metrics: [
      { name: memory, unit: 'KiB', better: 'less', samples: samples((round) => round.bytesPerClient / 1024) },
      { name: p99, unit: 'ms', better: 'less', samples: samples(({ latencies }) => latencies.at(99)) },
      {
        name: 'change to last client',
        unit: 'ms',
        better: 'less',
        samples: samples(({ latencies }) => latencies.at(100)),
      },
      { name: 'CPU of the relay for a change', unit: 'ms', better: 'less', samples: samples(({ cpu }) => cpu) },
      { name: 'as the relay tells', unit: 'ms', better: 'less', samples: samples(({ told }) => told * 1000) },
    ],
    goals: cases.flatMap(({ name }) => [
      { name: `memory of an idle stream, ${name}`, metric: memory, of: name, atMost: 5 },
      { name: `a change reaches ${STREAMS} streams, ${name}`, metric: p99, of: name, atMost: 250 },
    ]),
    latencies: Object.fromEntries(
      [...results].map(([name, runs]) => [name, merged(runs.map(({ latencies }) => latencies)).percentiles()]),
    ),
    notes: [
      `${STREAMS} streams of ${options.flags} flags; ${CHANGED} of them change for everybody, ${CHANGES} times`,
      `memory: resident memory ${SETTLE_MS} ms after the last was opened, less that after ${WARM_UP_SECONDS} s of bulk requests and ${WARM_UP} streams opened and closed`,
      'change to client: from renaming the document to the client’s read, so with the file watcher and the client’s own work',
    ],
    failures: [...results.values()].flat().reduce((sum, { failures }) => sum + failures, 0),
  }
}

async function measure(session: Session, contexts: Contexts): Promise<Round> {
  const { options, pinning } = session
  const relay = await startRelay({ pinning, document: documentOf(options.flags, 0), path: BULK_PATH })
  const bodies = users(contexts === 'equal' ? 1 : STREAMS, options.seed).map((context) => JSON.stringify({ context }))
  const clients: Client[] = []
  try {
    const shots = contextBodies(1_024, options.seed).map((body) => ({ body }))
    const { url, path, pid } = relay
    const { connections, pipelining } = options
    await drive({ url, path, pid, shots, connections, pipelining, seconds: WARM_UP_SECONDS, expect: 200 })
    const warm = await openAll(relay, bodies, WARM_UP)
    for (const { socket } of warm) socket.destroy()
    await pause(SETTLE_MS)
    const before = usageOf(relay.pid).rssBytes
    clients.push(...(await openAll(relay, bodies, STREAMS)))
    await pause(SETTLE_MS)
    const bytesPerClient = (usageOf(relay.pid).rssBytes - before) / STREAMS
    const latencies = new Latencies()
    const cpuBefore = usageOf(pid).cpuMicros
    let failures = clients.filter(({ whole }) => !whole).length
    for (let version = 1; version <= CHANGES; version++) {
      failures += await change(relay, clients, documentOf(options.flags, version), latencies)
      await pause(500)
    }
    const cpu = (usageOf(pid).cpuMicros - cpuBefore) / 1000 / CHANGES
    const text = await (await fetch(`${relay.managementUrl}/metrics`)).text()
    const sum = metricSum(text, 'halyard_propagation_seconds_sum') ?? 0
    return { bytesPerClient, latencies, told: sum / CHANGES, cpu, failures }
  } finally {
    for (const { socket } of clients) socket.destroy()
    await relay.stop()
  }
}

function documentOf(flags: number, version: number): string {
  const document = JSON.parse(flagdDocument(flags)) as {
    flags: Record<string, { defaultVariant: string; targeting?: object }>
  }
  const plain = Object.values(document.flags).filter(({ targeting }) => targeting === undefined)
  for (const flag of plain.slice(0, CHANGED)) flag.defaultVariant = version % 2 === 0 ? 'off' : 'on'
  return JSON.stringify(document)
}

/** Resolves when all have their first event, or none has come for a while. */
async function openAll(relay: Relay, bodies: readonly string[], count: number): Promise<Client[]> {
  const url = new URL(relay.url)
  const clients: Client[] = []
  while (clients.length < count) {
    const portion = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, (_, index) => {
      return new Client(url, bodies[(clients.length + index) % bodies.length] ?? '')
    })
    clients.push(...portion)
    await Promise.race([
      Promise.all(
        portion.map(
          (client) =>
            new Promise<void>((resolve) => {
              if (client.whole) resolve()
              else client.told = resolve
            }),
        ),
      ),
      pause(CHANGE_WAIT_MS),
    ])
  }
  return clients
}

/** Publishes a document and waits for all clients to hear of it. How many did not. */
async function change(
  relay: Relay,
  clients: readonly Client[],
  document: string,
  latencies: Latencies,
): Promise<number> {
  const startedAt = performance.now()
  let left = clients.length
  const all = new Promise<void>((resolve) => {
    for (const client of clients) {
      client.told = () => {
        client.told = () => {}
        latencies.record(performance.now() - startedAt)
        if (--left === 0) resolve()
      }
    }
  })
  relay.publish(document)
  await Promise.race([all, pause(CHANGE_WAIT_MS)])
  return left
}
