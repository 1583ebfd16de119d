/**
 * From spawn to the first answer out of the last known good: the upstream is gone, the disk remembers. What a restarted
 * pod costs while its vendor is down.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contextBodies, flagdDocument } from '../documents.ts'
import { interleave } from '../measure/interleave.ts'
import type { Result } from '../report/result.ts'
import { figure } from '../report/table.ts'
import { freePort, pause, startServer } from '../targets/process.ts'
import { prepareRelay, startRelay } from '../targets/relay.ts'
import { withRuntimes } from './runtimes.ts'
import type { Runtime } from './runtimes.ts'
import { SINGLE_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

const SIZES = [1000, 20_000] as const
const GOALS: Readonly<Record<number, number>> = { 1000: 150, 20_000: 700 }
const METRIC = 'start to first answer'

interface Case {
  readonly name: string
  readonly main: string
  readonly nodeFlags: readonly string[]
  readonly disk: string
  readonly upstreamUrl: string
}

export async function start(session: Session): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'halyard-start-'))
  try {
    return await withRuntimes(session, async (runtimes, notes) => {
      const cases: Case[] = []
      for (const flags of SIZES) cases.push(...(await casesOf(session, flags, runtimes, join(folder, `${flags}`))))
      const results = await interleave(cases, session.options.runs, async (each, round) => {
        const milliseconds = await measureStart(session, each)
        session.say(`round ${round + 1} of ${session.options.runs}: ${each.name} ${figure(milliseconds)} ms`)
        return milliseconds
      })
      return {
        metrics: [{ name: METRIC, unit: 'ms', better: 'less', samples: Object.fromEntries(results) }],
        goals: SIZES.map((flags) => ({
          name: `start at ${flags} flags, compiled`,
          metric: METRIC,
          of: nameOf('compiled', flags),
          atMost: GOALS[flags] ?? 0,
        })),
        notes: [...notes, 'file cache warm; asked every millisecond until the first 200; upstream unreachable'],
        failures: 0,
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const nameOf = (runtime: string, flags: number): string => `${runtime}, ${flags} flags`

/** Lets a relay fetch the document once, so that its disk holds a last known good, and takes the upstream away. */
async function casesOf(session: Session, flags: number, runtimes: readonly Runtime[], disk: string): Promise<Case[]> {
  const { pinning, say } = session
  say(`storing a last known good of ${flags} flags`)
  const port = await freePort()
  const upstreamUrl = `http://127.0.0.1:${port}/flags.json`
  const upstream = await serveDocument(flagdDocument(flags), port)
  try {
    const relay = await startRelay({ pinning, path: SINGLE_PATH, upstreamUrl, disk })
    // Saved after the swap; a restart that finds nothing would not answer at all and fail below.
    await pause(2000)
    await relay.stop()
  } finally {
    upstream.closeAllConnections()
    upstream.close()
  }
  return runtimes.map((runtime) => ({
    name: nameOf(runtime.name, flags),
    main: runtime.main,
    nodeFlags: runtime.flags,
    disk,
    upstreamUrl,
  }))
}

async function serveDocument(document: string, port: number): Promise<Server> {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'application/json' }).end(document)
  }).listen(port, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  return server
}

async function measureStart(
  { pinning, options }: Session,
  { main, nodeFlags, disk, upstreamUrl }: Case,
): Promise<number> {
  const relay = await prepareRelay({ pinning, path: SINGLE_PATH, upstreamUrl, disk, main, flags: nodeFlags })
  const [body = ''] = contextBodies(1, options.seed)
  let first = Number.NaN
  const began = performance.now()
  try {
    const server = await startServer({
      command: relay.command,
      ready: async () => {
        const status = await ask(relay.url + relay.path, body)
        if (status === 200) first = performance.now() - began
        return status === 200
      },
      everyMs: 1,
    })
    await server.stop()
  } finally {
    relay.remove()
  }
  return first
}

/** The status; undefined while nobody listens. Much cheaper than `fetch`, since it is asked every millisecond. */
function ask(url: string, body: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asking = request(url, { method: 'POST', headers, agent: false, timeout: 1000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', () => resolve(undefined))
    asking.end(body)
  })
}
