/**
 * Generations on disk: what a replica serves when it starts and neither upstream nor Redis answers. A file is written
 * beside its place, flushed, and renamed into it, so that a crash at any moment leaves the old generation or the new
 * one and never half of either. A disk that is full or read-only costs a warning, not the service.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, readdir, rename, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { systemTimers } from '../upstream/clock.ts'
import type { Clock } from '../upstream/clock.ts'
import { decodeGeneration, encodeGeneration } from './codec.ts'
import type { Decoded } from './codec.ts'
import { StoreError } from './store.ts'
import type { Generation, Problem, Store, StoreErrorKind, StoreStatus } from './store.ts'
import { Tally } from './tally.ts'
import type { Report } from './tally.ts'

/** Where and how much. */
export interface DiskStoreOptions {
  /** Holds one folder per environment; made when missing. */
  readonly folder: string
  /** Generations kept per environment. Default 3. */
  readonly keep?: number
  /** Told about trouble, at most once per hour and kind. */
  readonly report?: Report
  readonly clock?: Clock
}

/** Temporary files older than this have lost their writer; younger ones may be a neighbour's. Milliseconds. */
const ORPHAN_AGE = 60_000
const GENERATION_FILE = /^(\d{16})-(\d{16})\.generation$/

/** Keeps the newest generations of each environment as files. */
export class DiskStore implements Store {
  readonly name = 'disk'
  readonly shared = false
  readonly #root: string
  readonly #keep: number
  readonly #clock: Clock
  readonly #tally: Tally
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly #tidied = new Set<string>()
  #closed = false

  constructor(options: DiskStoreOptions) {
    this.#root = options.folder
    this.#keep = options.keep ?? 3
    this.#clock = options.clock ?? systemTimers
    this.#tally = new Tally(`disk ${options.folder}`, this.#clock, options.report)
  }

  async load(environment: string): Promise<{ generations: Generation[]; problems: Problem[] }> {
    const folder = this.#folder(environment)
    const generations: Generation[] = []
    const problems: Problem[] = []
    try {
      await this.#tidy(folder)
      for (const name of await readdir(folder)) {
        if (name.endsWith('.tmp') || GENERATION_FILE.test(name)) continue
        problems.push({ where: join(folder, name), message: 'it is not a generation file' })
      }
      for (const name of await generationFiles(folder)) {
        const decoded = await read(join(folder, name), environment)
        if (decoded === undefined) continue
        if ('generation' in decoded) generations.push(decoded.generation)
        else problems.push({ where: join(folder, name), message: decoded.problem })
      }
      this.#tally.succeeded(false)
    } catch (error) {
      // Nothing was ever saved: that is no problem.
      if (codeOf(error) === 'ENOENT') return { generations, problems }
      problems.push({ where: folder, message: this.#tally.failed(describe(error, folder)).message })
    }
    return { generations, problems }
  }

  save(generation: Generation): Promise<'saved' | 'older'> {
    const folder = this.#folder(generation.environment)
    const earlier = this.#queues.get(folder) ?? Promise.resolve()
    const mine = earlier.then(
      () => this.#save(folder, generation),
      () => this.#save(folder, generation),
    )
    this.#queues.set(folder, mine)
    return mine
  }

  status(): StoreStatus {
    return this.#tally.status
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#queues.values())
    this.#tally.closed()
  }

  async #save(folder: string, generation: Generation): Promise<'saved' | 'older'> {
    if (this.#closed) throw new StoreError('closed', 'the disk store is closed')
    try {
      await mkdir(folder, { recursive: true })
      await this.#tidy(folder)
      const name = fileName(generation)
      if (await hasNewer(folder, name, generation)) {
        this.#tally.succeeded(false)
        return 'older'
      }
      await write(folder, name, encodeGeneration(generation))
      const superseded = (await generationFiles(folder)).filter((each) => each <= name).slice(this.#keep)
      for (const each of superseded) await remove(join(folder, each))
      this.#tally.succeeded(true)
      return 'saved'
    } catch (error) {
      throw this.#tally.failed(describe(error, folder))
    }
  }

  /** Once per folder: removes what a crash left behind. */
  async #tidy(folder: string): Promise<void> {
    if (this.#tidied.has(folder)) return
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.tmp')) continue
      const path = join(folder, name)
      const age = this.#clock.now() - (await stat(path)).mtimeMs
      if (age > ORPHAN_AGE) await remove(path)
    }
    this.#tidied.add(folder)
  }

  /** The hash keeps apart names that differ only in case or beyond the cut, whatever the file system makes of them. */
  #folder(environment: string): string {
    const readable = encodeURIComponent(environment)
      .replaceAll(/[^A-Za-z0-9_-]/g, '_')
      .slice(0, 64)
    const hash = createHash('sha256').update(environment).digest('hex').slice(0, 12)
    return join(this.#root, `${readable}-${hash}`)
  }
}

function fileName(generation: Pick<Generation, 'epoch' | 'version'>): string {
  const padded = (count: number): string => String(count).padStart(16, '0')
  return `${padded(generation.epoch)}-${padded(generation.version)}.generation`
}

/** Names of generation files, newest first: padding makes the alphabet agree with the numbers. */
async function generationFiles(folder: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => GENERATION_FILE.test(name))
    .sort()
    .reverse()
}

/** Whether a valid file forbids saving. A damaged one does not, or one flipped bit would block every later save. */
async function hasNewer(folder: string, name: string, generation: Generation): Promise<boolean> {
  for (const each of await generationFiles(folder)) {
    if (each < name) return false
    const decoded = await read(join(folder, each), generation.environment)
    if (decoded === undefined || !('generation' in decoded)) continue
    if (each > name || decoded.generation.sha256 !== generation.sha256) return true
  }
  return false
}

/** Undefined when it is gone: another process superseded it after we listed the folder. */
async function read(path: string, environment: string): Promise<Decoded | undefined> {
  try {
    return decodeGeneration(await readFile(path), environment)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    return { problem: `it cannot be read: ${codeOf(error)}` }
  }
}

async function write(folder: string, name: string, content: Uint8Array): Promise<void> {
  const temporary = join(folder, `${name}.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await flush(file)
    } finally {
      await file.close()
    }
    await rename(temporary, join(folder, name))
  } catch (error) {
    await remove(temporary)
    throw error
  }
  const directory = await open(folder, 'r')
  try {
    await flush(directory)
  } finally {
    await directory.close()
  }
}

/**
 * Node's permission model has no right for flushing. Without it a save still survives the process; after a loss of power
 * a damaged file is found out by its checksum.
 */
async function flush(handle: FileHandle): Promise<void> {
  try {
    await handle.sync()
  } catch (error) {
    if (codeOf(error) !== 'ERR_ACCESS_DENIED') throw error
  }
}

/** Best effort: what cannot be removed is superseded anyway, and is tried again at the next start. */
async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : 'unknown'
}

const kinds: ReadonlyMap<string, StoreErrorKind> = new Map<string, StoreErrorKind>([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EFBIG', 'full'],
  ['EROFS', 'refused'],
  ['EACCES', 'refused'],
  ['EPERM', 'refused'],
])

function describe(error: unknown, folder: string): StoreError {
  if (error instanceof StoreError) return error
  const code = codeOf(error)
  return new StoreError(kinds.get(code) ?? 'unavailable', `${folder} cannot be used: ${code}`, error)
}
