/**
 * The stage that most promises are played on: a vendor, a Redis, replicas, a balancer, and fault proxies on the two
 * links that a relay must be able to lose. Everything is a real process or a real socket.
 */
import { join } from 'node:path'
import { startRedis } from '../../redis.ts'
import type { RedisServer } from '../../redis.ts'
import type { Torture } from '../promise.ts'
import { Balancer } from './balancer.ts'
import { Checker } from './checker.ts'
import { DocumentServer } from './document-server.ts'
import { readSingle } from './documents.ts'
import { Driver } from './driver.ts'
import type { DriverOptions } from './driver.ts'
import { ask } from './ask.ts'
import { FaultProxy } from './fault-proxy.ts'
import { pause, until } from './pause.ts'
import { RelayProcess } from './relay-process.ts'
import type { RelaySetup } from './relay-process.ts'
import { Stalls } from './stalls.ts'
import { Swarm } from './swarm.ts'
import type { SwarmOptions } from './swarm.ts'

export interface SceneOptions {
  readonly name: string
  /** Default 3. */
  readonly replicas?: number
  /** Default true. */
  readonly redis?: boolean
  /** Flags nobody asks for, per document. Default 20. */
  readonly filler?: number
  /** Bytes that change with each document. Default 0. */
  readonly bulky?: number
  /** Start the relays and wait until they serve. Default true. */
  readonly started?: boolean
  readonly relay?: Partial<Omit<RelaySetup, 'folder' | 'redisUrl'>>
}

export interface Scene {
  readonly upstream: DocumentServer
  readonly upstreamLink: FaultProxy
  readonly redis: RedisServer | undefined
  /** The links of all replicas to Redis, or of each. */
  readonly redisLink: Pick<FaultProxy, 'poison' | 'heal' | 'cut'>
  readonly redisLinks: readonly FaultProxy[]
  readonly relays: readonly RelayProcess[]
  readonly balancer: Balancer
  readonly checker: Checker
  readonly stalls: Stalls
  /** A driver through the balancer, or straight to the replicas. */
  driver(options: { readonly rate: number; readonly direct?: boolean } & Partial<DriverOptions>): Driver
  /** Stream clients, straight to the replicas. */
  swarm(options?: Partial<SwarmOptions>): Swarm
  /** Publishes a document every so often, ms, until the function it returns is called. */
  publishing(everyMs: number): () => void
  /** Waits until every living replica serves the newest document; ms, or NaN after `most`. */
  converged(most: number): Promise<number>
}

/** Builds it, and defers its end. */
export async function scene(torture: Torture, options: SceneOptions): Promise<Scene> {
  const { name, replicas = 3, filler = 20, started = true } = options
  const { random, defer } = torture
  const upstream = new DocumentServer(filler, options.bulky)
  await upstream.start()
  defer(() => upstream.stop())
  const redis = options.redis === false ? undefined : await startRedis({ arguments: ['--enable-debug-command', 'yes'] })
  if (redis !== undefined) defer(() => redis.stop())
  const upstreamLink = new FaultProxy(() => upstream, random)
  const redisLinks = Array.from({ length: replicas }, () => {
    return new FaultProxy(() => ({ port: redis?.port ?? 1 }), random)
  })
  const redisLink: Scene['redisLink'] = {
    poison: (...toxics) => each(redisLinks, (link) => link.poison(...toxics)),
    heal: () => each(redisLinks, (link) => link.heal()),
    cut: () => each(redisLinks, (link) => link.cut()),
  }
  for (const link of [...redisLinks, upstreamLink]) {
    await link.start()
    defer(() => link.stop())
  }
  const relays: RelayProcess[] = []
  for (let index = 0; index < replicas; index += 1) {
    const relay = await RelayProcess.prepare({
      upstream: { vendor: 'flagd', url: `http://127.0.0.1:${upstreamLink.port}/flags.json`, every: '1s' },
      ...options.relay,
      folder: join(torture.folder, `${name}-${index}`),
      ...(redis === undefined ? {} : { redisUrl: `redis://127.0.0.1:${redisLinks[index]?.port}` }),
    })
    relays.push(relay)
    defer(async () => void (await relay.end('SIGKILL')))
  }
  if (started) await Promise.all(relays.map((relay) => relay.start()))
  const balancer = new Balancer(relays)
  await balancer.start()
  defer(() => balancer.stop())
  const stalls = new Stalls()
  defer(() => stalls.stop())
  const checker = new Checker()

  return {
    upstream,
    upstreamLink,
    redis,
    redisLink,
    redisLinks,
    relays,
    balancer,
    checker,
    stalls,
    driver: ({ direct = false, ...rest }) => {
      const straight = relays.map(({ port }, index) => ({ port, name: String(index) }))
      const targets = direct ? straight : [{ port: balancer.port, name: 'balancer' }]
      const driver = new Driver({ targets, random, checker, stalls, ...rest })
      defer(() => driver.stop())
      return driver
    },
    swarm: (more) => {
      const swarm = new Swarm({ random, ports: relays.map(({ port }) => port), ...more })
      defer(() => swarm.stop())
      return swarm
    },
    publishing: (everyMs) => {
      const timer = setInterval(() => upstream.publish(), everyMs)
      defer(() => clearInterval(timer))
      return () => clearInterval(timer)
    },
    converged: (most) =>
      until(async () => {
        const served = await Promise.all(relays.filter(({ alive }) => alive).map((relay) => servedBy(relay)))
        return served.every((n) => n === upstream.n)
      }, most),
  }
}

function each<One>(all: readonly One[], action: (one: One) => void): void {
  for (const one of all) action(one)
}

const NOBODY = { targetingKey: 'nobody', plan: 'free' } as const

/** The number of the document a relay answers from; undefined when it gives no answer. */
export async function servedBy(relay: { readonly port: number }): Promise<number | undefined> {
  const answer = await ask(relay.port, '/marker', NOBODY)
  const n = answer?.status === 200 ? readSingle('marker', answer.text, NOBODY) : undefined
  return typeof n === 'number' ? n : undefined
}

/** Runs the load for a time and says so. */
export async function through(torture: Torture, what: string, milliseconds: number): Promise<void> {
  torture.say(`${what}, ${(milliseconds / 1_000).toFixed(1)} s`)
  await pause(milliseconds)
}
