/** P25: the disk is full, read-only or lies; relays serve, and start from the generation before. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../parts/pause.ts'
import { scene, servedBy, through } from '../parts/scene.ts'
import type { Scene } from '../parts/scene.ts'
import type { RelayProcess } from '../parts/relay-process.ts'
import { exactly } from '../promise.ts'
import type { Figure, Promised, Torture } from '../promise.ts'

export const diskTrouble: Promised = {
  id: 'P25',
  says: 'A disk that is full, read-only or corrupt costs no answer',
  run: async (torture: Torture): Promise<readonly Figure[]> => {
    const stage = await scene(torture, { name: 'p25', replicas: 1, redis: false, filler: 200, started: false })
    const [relay] = stage.relays
    if (relay === undefined) throw new Error('no relay')
    const mounted = mount(relay.storeFolder)
    if (mounted) torture.defer(() => void execFileSync('umount', [relay.storeFolder]))
    else torture.say('no disk can be mounted here: only files are spoilt')
    await relay.start()
    const driver = stage.driver({ rate: torture.scaled(3_000, 150), direct: true })
    driver.start()
    const lasts = torture.scaled(20_000, 200)
    let warned = 0
    if (mounted) {
      const filler = join(relay.storeFolder, 'filler')
      // What does not fit any more is the last piece: that is the point.
      try {
        writeFileSync(filler, new Uint8Array(4_000_000))
      } catch {
        torture.say('the disk is full')
      }
      warned += await publishing(torture, stage, relay, 'full disk', lasts)
      rmSync(filler)
      execFileSync('mount', ['-o', 'remount,ro', relay.storeFolder])
      warned += await publishing(torture, stage, relay, 'read-only disk', lasts)
      execFileSync('mount', ['-o', 'remount,rw', relay.storeFolder])
    }
    const healthy = await publishing(torture, stage, relay, 'a disk again', lasts)
    await driver.stop()
    const before = await spoil(torture, stage, relay)
    for (const example of stage.checker.examples) torture.say(example)
    return [
      ...stage.checker.figures(),
      exactly('warnings that were told again', warned + healthy, 0),
      exactly('starts that served no whole generation', before, 0),
    ]
  },
}

/** Serves new documents for a while; how many warnings about the disk were told more than once. */
async function publishing(
  torture: Torture,
  stage: Scene,
  relay: RelayProcess,
  what: string,
  lasts: number,
): Promise<number> {
  const from = relay.log.length
  for (let round = 0; round < 3; round += 1) {
    stage.upstream.publish()
    await through(torture, what, lasts)
    if (Number.isNaN(await stage.converged(10_000))) throw new Error(`a new document was not served: ${what}`)
  }
  const lines = relay.log.slice(from).split('\n')
  const warnings = lines.filter((line) => line.includes('"store":"disk"') && line.startsWith('{"level":40'))
  const texts = warnings.map((line) => line.replace(/"time":\d+/, ''))
  return texts.length - new Set(texts).size
}

/** Spoils the newest generation file in several ways; the starts that did not serve the one before. */
async function spoil(torture: Torture, stage: Scene, relay: RelayProcess): Promise<number> {
  const ways: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ['a flipped bit', (bytes) => flipped(bytes, torture.random.below(bytes.length))],
    ['half of it', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['nothing', () => Buffer.alloc(0)],
    ['another format', () => Buffer.from('{"version":0}')],
    ['zeros', (bytes) => Buffer.alloc(bytes.length)],
  ]
  let wrong = 0
  for (const [name, damage] of ways) {
    stage.upstream.publish()
    await stage.converged(10_000)
    await until(() => newest(relay).endsWith('.generation') && savedCount(relay) >= 2, 5_000)
    const served = stage.upstream.n
    await relay.end('SIGTERM')
    const path = newest(relay)
    writeFileSync(path, damage(readFileSync(path)))
    await stage.upstream.fall('refuse')
    relay.spawn()
    await until(async () => (await servedBy(relay)) !== undefined, 10_000)
    const n = await servedBy(relay)
    torture.say(`newest file: ${name}; served ${n} after ${served}`)
    if (n !== served - 1) wrong += 1
    await stage.upstream.heal()
    await stage.converged(15_000)
  }
  return wrong
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 16
  return copy
}

function generations(relay: RelayProcess): string[] {
  if (!existsSync(relay.storeFolder)) return []
  return readdirSync(relay.storeFolder, { recursive: true })
    .map((name) => join(relay.storeFolder, String(name)))
    .filter((path) => path.endsWith('.generation'))
    .sort()
}
const newest = (relay: RelayProcess): string => generations(relay).at(-1) ?? ''
const savedCount = (relay: RelayProcess): number => generations(relay).length

/** A disk of 4 MB where the machine lets us mount one. */
function mount(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4000k', 'none', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
