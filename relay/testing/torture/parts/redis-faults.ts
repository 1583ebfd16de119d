/** What can go wrong with Redis: it dies, hangs, empties, refuses, reads its data back, fills up, crawls, or lies. */
import type { Scene } from './scene.ts'

/** What may happen to a part of the stage, and how it ends. */
export interface Fault {
  readonly name: string
  readonly strike: (scene: Scene) => Promise<unknown> | void
  readonly heal: (scene: Scene) => Promise<unknown> | void
}

const command = (scene: Scene, ...words: [string, ...(string | number)[]]): Promise<unknown> | undefined =>
  scene.redis?.command(...words)

/** Every way to lose Redis. */
export const redisFaults: readonly Fault[] = [
  { name: 'SIGKILL', strike: ({ redis }) => redis?.kill('SIGKILL'), heal: ({ redis }) => redis?.restart() },
  { name: 'SIGSTOP', strike: ({ redis }) => redis?.kill('SIGSTOP'), heal: ({ redis }) => redis?.kill('SIGCONT') },
  { name: 'FLUSHALL', strike: (scene) => command(scene, 'FLUSHALL'), heal: () => undefined },
  {
    name: 'READONLY',
    strike: (scene) => command(scene, 'REPLICAOF', '127.0.0.1', 1),
    heal: (scene) => command(scene, 'REPLICAOF', 'NO', 'ONE'),
  },
  { name: 'LOADING', strike: loading, heal: ({ redis }) => redis?.restart() },
  {
    name: '1 KB/s',
    strike: ({ redisLink }) => redisLink.poison([{ kind: 'bandwidth', bytesPerSecond: 1_024 }]),
    heal: ({ redisLink }) => redisLink.heal(),
  },
  {
    name: 'OOM',
    strike: (scene) => command(scene, 'CONFIG', 'SET', 'maxmemory', 1),
    heal: (scene) => command(scene, 'CONFIG', 'SET', 'maxmemory', 0),
  },
  {
    name: 'wrong password',
    strike: async (scene) => {
      await command(scene, 'CONFIG', 'SET', 'requirepass', 'another')
      scene.redisLink.cut()
    },
    heal: ({ redis }) => redis?.restart(),
  },
  {
    name: 'corrupt link',
    strike: ({ redisLink }) => redisLink.poison([{ kind: 'corrupt', every: 200 }]),
    heal: ({ redisLink }) => {
      redisLink.heal()
      redisLink.cut()
    },
  },
  {
    name: 'black hole',
    strike: ({ redisLink }) => redisLink.poison([{ kind: 'blackhole' }]),
    heal: ({ redisLink }) => redisLink.heal(),
  },
]

/** A Redis that reads its data back and answers LOADING to everything meanwhile. */
async function loading(scene: Scene): Promise<void> {
  await command(scene, 'DEBUG', 'POPULATE', 3_000)
  await command(scene, 'CONFIG', 'SET', 'key-load-delay', 20_000, 'loading-process-events-interval-bytes', 1_024)
  // Answers when it is done, which is long after the point.
  void command(scene, 'DEBUG', 'RELOAD')?.catch(() => undefined)
}

/** Whether Redis holds a generation of the environment again. */
export async function redisHolds(scene: Scene): Promise<boolean> {
  try {
    const keys = await command(scene, 'KEYS', 'torture:*generations*')
    return Array.isArray(keys) && keys.length > 0
  } catch {
    return false
  }
}
