/**
 * Real Redis servers for tests: each on its own free port with its own folder and no persistence, so that a test may
 * kill, stop, empty or misconfigure it. A mocked Redis would have hidden every hazard that these tests exist for.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findOrInstall } from './install.ts'

/** How to start one server. */
export interface RedisServerOptions {
  /** Sets `requirepass`; the returned url carries it. Default none. */
  readonly password?: string
  /** Default: a free one. */
  readonly port?: number
  /** More command-line settings, for example `['--maxmemory', '2mb']`. */
  readonly arguments?: readonly string[]
}

/** One running server. Killed at the end of the process at the latest. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** Undefined while it is down. */
  readonly pid: number | undefined
  /** Sends the signal; for SIGKILL and SIGTERM waits until it is gone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
  /** Brings it up again, empty, on the same port; stops it first where it still runs. */
  readonly restart: () => Promise<void>
  /** One command on a fresh connection, for arranging and asserting. */
  command(...command: [string, ...(string | number | Buffer)[]]): Promise<unknown>
  /** Ends it and removes its folder. Idempotent. */
  readonly stop: () => Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server and waits until it answers. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const program = await findOrInstall('redis-server', 'redis-server')
  const folder = await mkdtemp(join(tmpdir(), 'halyard-redis-'))
  const settings = ['--save', '', '--appendonly', 'no', '--bind', '127.0.0.1', '--dir', folder, '--loglevel', 'warning']
  if (options.password !== undefined) settings.push('--requirepass', options.password)
  settings.push(...(options.arguments ?? []))
  let port = options.port ?? (await freePort())
  let child: ChildProcess | undefined

  const down = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
    child = undefined
  }
  const up = async (): Promise<void> => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      child = launch(program, ['--port', String(port), ...settings])
      if (await answers(child, port)) return
      await down('SIGKILL')
      // Somebody else took the port between our look and the start: only a port nobody asked for may change.
      if (options.port === undefined) port = await freePort()
    }
    throw new Error('redis-server did not answer after five starts')
  }

  await up()
  const password = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`
  return {
    url: `redis://${password}127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid
    },
    kill: async (signal) => {
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await down(signal)
      else child?.kill(signal)
    },
    restart: async () => {
      await down('SIGKILL')
      await up()
    },
    command: async (name, ...rest) => {
      const client = new Redis({ host: '127.0.0.1', port, ...(options.password && { password: options.password }) })
      try {
        return await client.call(name, ...rest)
      } finally {
        client.disconnect()
      }
    },
    stop: async () => {
      await down('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A cluster of masters without replicas. */
export interface RedisCluster {
  /** In the store's own notation: `redis+cluster://host:port,…`. */
  readonly url: string
  readonly nodes: readonly RedisServer[]
  readonly stop: () => Promise<void>
}

/** Starts three masters that share the 16,384 slots, and waits until all of them agree. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const settings = [
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '2000',
    '--cluster-require-full-coverage',
    'no',
  ]
  const nodes = await Promise.all([0, 1, 2].map(() => startRedis({ arguments: settings })))
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  const share = Math.ceil(16_384 / nodes.length)
  for (const [index, node] of nodes.entries()) {
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    await node.command('CLUSTER', 'ADDSLOTSRANGE', index * share, Math.min((index + 1) * share, 16_384) - 1)
    if (nodes[0] !== undefined && index > 0) await node.command('CLUSTER', 'MEET', '127.0.0.1', nodes[0].port)
  }
  const deadline = Date.now() + 20_000
  const agreed = async (node: RedisServer): Promise<boolean> => {
    const info = String(await node.command('CLUSTER', 'INFO'))
    return info.includes('cluster_state:ok') && info.includes('cluster_slots_ok:16384')
  }
  while (!(await Promise.all(nodes.map(agreed))).every(Boolean)) {
    if (Date.now() > deadline) {
      await stop()
      throw new Error('the Redis cluster did not form within 20 s')
    }
    await pause(50)
  }
  return { url: `redis+cluster://${nodes.map((node) => `127.0.0.1:${node.port}`).join(',')}`, nodes, stop }
}

/** A master, its replica, and one sentinel that promotes the replica when the master is gone. */
export interface RedisSentinel {
  /** In the store's own notation: `redis+sentinel://host:port/flags`. */
  readonly url: string
  readonly master: RedisServer
  readonly replica: RedisServer
  readonly stop: () => Promise<void>
}

/** Starts the three and waits until the sentinel knows the replica. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const master = await startRedis()
  const replica = await startRedis({ arguments: ['--replicaof', '127.0.0.1', String(master.port)] })
  const program = await findOrInstall('redis-server', 'redis-server')
  const folder = await mkdtemp(join(tmpdir(), 'halyard-sentinel-'))
  const port = await freePort()
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor flags 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds flags 500',
    'sentinel failover-timeout flags 3000',
  ]
  await writeFile(join(folder, 'sentinel.conf'), `${settings.join('\n')}\n`)
  const child = launch(program, [join(folder, 'sentinel.conf'), '--sentinel'])
  const stop = async (): Promise<void> => {
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await gone
    await Promise.all([master.stop(), replica.stop(), rm(folder, { recursive: true, force: true })])
  }
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 50 })
  // A refused connection while the sentinel starts is expected, and retried.
  client.on('error', () => undefined)
  try {
    const deadline = Date.now() + 20_000
    const synced = async (): Promise<boolean> =>
      String(await replica.command('INFO', 'replication')).includes('link_status:up')
    while (((await client.call('SENTINEL', 'REPLICAS', 'flags')) as unknown[]).length === 0 || !(await synced())) {
      if (Date.now() > deadline) throw new Error('the sentinel did not find the replica within 20 s')
      await pause(100)
    }
  } catch (error) {
    await stop()
    throw error
  } finally {
    client.disconnect()
  }
  return { url: `redis+sentinel://127.0.0.1:${port}/flags`, master, replica, stop }
}

function launch(program: string, settings: readonly string[]): ChildProcess {
  const child = spawn(program, settings, { stdio: 'ignore' })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** A port with room for the cluster bus (port + 10,000), below the range that outgoing connections take theirs from. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if ((await bindable(port)) && (await bindable(port + 10_000))) return port
  }
}

function bindable(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** True once the server answers PING (a password error is an answer); false when the process ended. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    if (await ping(port)) return child.exitCode === null
    await pause(10)
  }
  return false
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const done = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', (data) => done(/^(\+PONG|-NOAUTH)/.test(data.toString('latin1'))))
    socket.once('error', () => done(false))
    socket.setTimeout(1_000, () => done(false))
  })
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
