/** Starts a real server on ports of the system's choice, and talks to it: politely, or byte by byte. */
import { Buffer } from 'node:buffer'
import { connect } from 'node:net'
import { Metrics } from '../../telemetry/metrics.ts'
import { systemTimers } from '../../upstream/clock.ts'
import { TelemetryQueue } from '../../telemetry/track-queue.ts'
import type { TrackSink } from '../../telemetry/track-queue.ts'
import type { Timers } from '../clock.ts'
import type { RateLimitSettings } from '../rate-limit.ts'
import type { Route } from '../route.ts'
import { Server } from '../server.ts'
import type { StreamSettings } from '../stream/settings.ts'
import type { EnvironmentSettings, Limits, ServeSettings } from '../settings.ts'
import { HandMadeEnvironment } from './environment.ts'
import type { TestDocument } from './rules.ts'

export interface RigOptions {
  readonly environments: readonly EnvironmentSettings[]
  readonly prefix?: string
  readonly limits?: Partial<Limits>
  readonly readiness?: ServeSettings['readiness']
  readonly timers?: Timers
  readonly streams?: Partial<StreamSettings>
  readonly rateLimit?: RateLimitSettings
  readonly publicUrl?: string
  /** Where tracking events go; default: nowhere. */
  readonly sink?: TrackSink
  readonly trackBytes?: number
  readonly routes?: readonly Route[]
  readonly host?: string
  /** Default: the system chooses. */
  readonly port?: number
}

export interface Rig {
  readonly server: Server
  readonly metrics: Metrics
  readonly environments: readonly EnvironmentSettings[]
  readonly host: string
  readonly port: number
  /** Without a slash at the end. */
  readonly url: string
  readonly managementUrl: string
  /** Posts JSON to a path of the public door. */
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>
  stop(): Promise<void>
}

const KEYLESS: EnvironmentSettings['keys'] = { server: [], client: [], admin: [] }

/** Settings of an environment without keys, open on this machine. */
export function open(document: TestDocument, more: Partial<EnvironmentSettings> = {}): EnvironmentSettings {
  const name = more.name ?? 'test'
  return { name, environment: new HandMadeEnvironment(name, document), keys: KEYLESS, ...more }
}

/** HALYARD_TEST_DOOR=http runs the same tests with every request answered by node:http. */
const express = process.env['HALYARD_TEST_DOOR'] !== 'http'

export async function startRig(options: RigOptions): Promise<Rig> {
  const {
    environments,
    prefix,
    limits,
    readiness,
    timers = systemTimers,
    routes,
    host = '127.0.0.1',
    port: wanted = 0,
  } = options
  const metrics = new Metrics({
    environments: () => environments.map(({ environment }) => environment),
    now: () => timers.now(),
    process: false,
  })
  const server = new Server({
    settings: {
      environments,
      listen: { host, port: wanted },
      management: { port: 0 },
      express,
      ...(prefix === undefined ? undefined : { prefix }),
      ...(limits === undefined ? undefined : { limits }),
      ...(options.streams === undefined ? undefined : { streams: options.streams }),
      ...(options.rateLimit === undefined ? undefined : { rateLimit: options.rateLimit }),
      ...(options.publicUrl === undefined ? undefined : { publicUrl: options.publicUrl }),
      ...(readiness === undefined ? undefined : { readiness }),
    },
    timers,
    observer: metrics,
    metrics,
    track: new TelemetryQueue({
      sink: options.sink,
      maxBytes: options.trackBytes ?? 4_194_304,
      timers,
      lost: (...what) => metrics.trackLost(...what),
    }),
    ...(routes === undefined ? undefined : { routes }),
  })
  const addresses = await server.start()
  const { port } = addresses.public
  const url = `http://127.0.0.1:${port}`
  return {
    server,
    metrics,
    environments,
    host: '127.0.0.1',
    port,
    url,
    managementUrl: `http://127.0.0.1:${addresses.management.port}`,
    post: (path, body, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        ...(body === undefined ? undefined : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    stop: () => server.drain({ windowMs: 0, graceMs: 0 }),
  }
}

export interface RawAnswer {
  readonly text: string
  /** Status codes in the order of the answers. */
  readonly statuses: readonly number[]
  /** Whether the server ended the connection. */
  readonly closed: boolean
}

/**
 * Sends bytes as they are and gathers what comes back until the server closes or `quietMs` pass without a byte. Of a
 * list, each part is sent when the server has fallen quiet after the one before.
 */
export function sendRaw(
  port: number,
  bytes: string | Buffer | readonly (string | Buffer)[],
  quietMs = 150,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    const parts = typeof bytes === 'string' || Buffer.isBuffer(bytes) ? [bytes] : [...bytes]
    let timer: NodeJS.Timeout | undefined
    const finish = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      const text = Buffer.concat(chunks).toString('latin1')
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))
      resolve({ text, statuses, closed })
    }
    const wait = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => (parts.length > 0 ? speak() : finish(false)), quietMs)
    }
    const speak = (): void => {
      socket.write(parts.shift() ?? '')
      wait()
    }
    socket.on('connect', speak)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      wait()
    })
    socket.on('close', () => finish(true))
    socket.on('error', () => undefined)
  })
}
