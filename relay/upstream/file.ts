/**
 * A document that is a file. Watches the folder, not the file: editors and Kubernetes replace files by rename, and a
 * watch on the old inode would stay silent for ever. A slow poll catches what watching misses (NFS, deleted folders).
 */
import { constants, watch } from 'node:fs'
import type { BigIntStats, FSWatcher } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { systemTimers } from './clock.ts'
import type { TimerHandle, Timers } from './clock.ts'
import { digestOf } from './digest.ts'
import type { Source, SourceSink, SourceStatus } from './source.ts'
import { Supervisor } from './supervisor.ts'
import type { AttemptResult } from './supervisor.ts'
import { UpstreamError, causeCode } from './upstream-error.ts'

/** Where the file is and how closely it is followed. */
export interface FileSourceOptions {
  readonly path: string
  /** Safety poll in milliseconds. Default 10,000: changes normally arrive through the watch. */
  readonly every?: number
  /** Milliseconds that events are gathered before reading. Default 50: an editor's save is several events. */
  readonly debounce?: number
  /** Largest file in bytes. Default 64 MiB. */
  readonly maxBytes?: number
  readonly timers?: Timers
}

/** A file whose timestamps are younger than this may still change without a new timestamp. Milliseconds. */
const TIMESTAMP_DOUBT = 2_000
/** A failed read is retried after this, or sooner by the watch: looking at a local file is cheap. Milliseconds. */
const RETRY = 1_000

/** Delivers the file's content now, and again whenever the content is another. */
export class FileSource implements Source {
  readonly #path: string
  readonly #folder: string
  readonly #maxBytes: number
  readonly #debounce: number
  readonly #timers: Timers
  readonly #supervisor: Supervisor
  #watcher: { readonly watcher: FSWatcher; readonly inode: bigint } | undefined
  #gathering: TimerHandle | undefined
  #seen: { readonly identity: string; readonly sha256: string } | undefined
  #stopped = false

  constructor(options: FileSourceOptions) {
    this.#path = resolve(options.path)
    this.#folder = dirname(this.#path)
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024
    this.#debounce = options.debounce ?? 50
    this.#timers = options.timers ?? systemTimers
    this.#supervisor = new Supervisor({
      timers: this.#timers,
      attempt: () => this.#read(),
      interval: options.every ?? 10_000,
      jitter: 0.1,
      floor: this.#debounce,
      delayAfter: () => RETRY,
    })
  }

  start(sink: SourceSink): void {
    this.#supervisor.start(sink)
  }

  refresh(): void {
    this.#supervisor.refresh()
  }

  status(): SourceStatus {
    return this.#supervisor.status()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timers.clearTimeout(this.#gathering)
    this.#unwatch()
    await this.#supervisor.stop()
  }

  async #read(): Promise<AttemptResult> {
    // Before reading, so that a change during the read is an event and not a gap.
    await this.#watch()
    let handle: FileHandle | undefined
    try {
      // Non-blocking, because opening a named pipe would otherwise wait for a writer.
      handle = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK)
      return await this.#readFrom(handle)
    } catch (error) {
      throw this.#describe(error)
    } finally {
      await handle?.close()
    }
  }

  async #readFrom(handle: FileHandle): Promise<AttemptResult> {
    const before = await handle.stat({ bigint: true })
    if (!before.isFile()) throw new UpstreamError('io', `${this.#path} is not a file`)
    if (before.size === 0n) throw new UpstreamError('body', `${this.#path} is empty`)
    if (before.size > this.#maxBytes)
      throw new UpstreamError('too-large', `${this.#path} exceeds ${this.#maxBytes} bytes`)
    const settled = BigInt(this.#timers.now() - TIMESTAMP_DOUBT) * 1_000_000n > before.ctimeNs
    if (settled && this.#seen?.identity === identityOf(before)) return 'unchanged'

    const bytes = new Uint8Array(Number(before.size))
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    const after = await handle.stat({ bigint: true })
    if (bytesRead !== bytes.length || identityOf(after) !== identityOf(before)) {
      throw new UpstreamError('body', `${this.#path} changed while it was read`)
    }
    const sha256 = await digestOf(bytes)
    const known = this.#seen?.sha256
    this.#seen = { identity: identityOf(before), sha256 }
    if (known === sha256) return 'unchanged'
    return { document: { bytes, receivedAt: this.#timers.now(), origin: this.#path } }
  }

  #describe(error: unknown): UpstreamError {
    if (error instanceof UpstreamError) return error
    const code = causeCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return new UpstreamError('not-found', `${this.#path} does not exist`, { cause: error })
    }
    return new UpstreamError('io', `${this.#path} cannot be read: ${code}`, { cause: error })
  }

  /** Watches the folder that is there now; one that was deleted and made again is another inode. */
  async #watch(): Promise<void> {
    try {
      const { ino } = await stat(this.#folder, { bigint: true })
      if (this.#watcher?.inode === ino || this.#stopped) return
      this.#unwatch()
      const watcher = watch(this.#folder, { persistent: false }, (_, name) => this.#noticed(name))
      watcher.on('error', () => this.#unwatch())
      this.#watcher = { watcher, inode: ino }
    } catch {
      // No folder, or no watches left: reading tells the first, and the poll serves in both cases.
      this.#unwatch()
    }
  }

  #unwatch(): void {
    this.#watcher?.watcher.close()
    this.#watcher = undefined
  }

  #noticed(name: string | null): void {
    // A Kubernetes volume swaps the link `..data`, and the file's own name never changes.
    const ours = name === null || name === basename(this.#path) || name.startsWith('..')
    if (!ours || this.#gathering !== undefined || this.#stopped) return
    this.#gathering = this.#timers.setTimeout(() => {
      this.#gathering = undefined
      this.#supervisor.refresh()
    }, this.#debounce)
  }
}

function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
}
