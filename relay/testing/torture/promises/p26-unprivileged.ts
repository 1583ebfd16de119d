/** P26: the relay does its whole work as a user without rights, on code it cannot write, under Node's own permissions. */
import { chownSync, existsSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { ask } from '../parts/ask.ts'
import { until } from '../parts/pause.ts'
import { redisHolds } from '../parts/redis-faults.ts'
import { scene, servedBy } from '../parts/scene.ts'
import { exactly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

const TREE = join(import.meta.dirname, '../../../..')
const NOBODY = 65_532
const PERSON = { targetingKey: 'u1', plan: 'pro' } as const

export const unprivileged: Promised = {
  id: 'P26',
  says: 'Runs unprivileged: a plain user, no capabilities, read-only code, Node’s permissions',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const folder = join(torture.folder, 'p26-0')
    // Packages may be linked from elsewhere.
    const packages = join(realpathSync(join(TREE, 'node_modules/pino')), '..')
    const code = [`--allow-fs-read=${TREE}`, `--allow-fs-read=${packages}`]
    const permissions = ['--permission', '--allow-net', '--allow-worker', ...code]
    // Without the star it would be one file: the folder does not exist yet.
    const stored = join(folder, 'store')
    const files = [`--allow-fs-read=${folder}`, `--allow-fs-write=${stored}`, `--allow-fs-write=${stored}/*`]
    // Who is no superuser has no rights to give up.
    const root = process.getuid?.() === 0
    const drop = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs']
    const stage = await scene(torture, {
      name: 'p26',
      replicas: 1,
      started: false,
      relay: {
        nodeArguments: [...permissions, ...files],
        ...(root ? { wrapper: [...drop, '--bounding-set=-all', '--inh-caps=-all'] } : {}),
      },
    })
    const [relay] = stage.relays
    if (relay === undefined) throw new Error('no relay')
    if (root) {
      chownSync(torture.folder, NOBODY, NOBODY)
      chownSync(folder, NOBODY, NOBODY)
    }
    const failed: string[] = []
    const check = (name: string, holds: boolean): void => {
      if (!holds) failed.push(name)
    }
    await relay.start()
    check('single evaluation', (await ask(relay.port, '/plan', PERSON))?.status === 200)
    const bulk = await ask(relay.port, '', PERSON)
    check(`bulk evaluation: ${bulk?.status} ${bulk?.text.slice(0, 200)}`, bulk?.status === 200)
    stage.upstream.publish()
    check('a change', !Number.isNaN(await stage.converged(10_000)))
    check('metrics', ((await relay.managed('/metrics'))?.text.length ?? 0) > 100)
    check('status', (await relay.status())['version'] === 2)
    check('Redis', !Number.isNaN(await until(() => redisHolds(stage), 5_000)))
    const onDisk = (): boolean =>
      existsSync(relay.storeFolder) &&
      readdirSync(relay.storeFolder, { recursive: true }).some((name) => String(name).endsWith('2.generation'))
    check('disk', !Number.isNaN(await until(onDisk, 5_000)))
    check('SIGTERM ends with 0', (await relay.end('SIGTERM')) === 0)
    await stage.upstream.fall('refuse')
    await stage.redis?.kill('SIGKILL')
    relay.spawn()
    check('cold start', !Number.isNaN(await until(async () => (await servedBy(relay)) === 2, 10_000)))
    for (const name of failed) torture.say(`failed: ${name}`)
    const told = relay.log.split('\n').filter((line) => line.includes('"level":50') || line.includes('ERR_ACCESS'))
    for (const line of told.slice(0, 3)) torture.say(line)
    return [exactly('failed checks of nine', failed.length, 0)]
  },
}
