/**
 * Follows the configuration file while the relay runs. A good new file replaces the settings; a bad one is reported with
 * everything wrong in it and the old settings stay, so that a slip at noon is a log line and not an outage.
 */
import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { FileSource } from '../relay/upstream/file.ts'
import { systemTimers } from '../relay/upstream/clock.ts'
import type { Timers } from '../relay/upstream/clock.ts'
import { loadSettings, readSettings } from './loading.ts'
import type { Loaded, LoadTools } from './loading.ts'
import type { ConfigProblem } from './problems.ts'
import type { Settings } from './settings.ts'

export interface WatchOptions extends Omit<LoadTools, 'now'> {
  readonly path: string
  /** What is in use now; only settings that differ from it are handed on. */
  readonly current: Settings
  /** Takes over new settings. A rejection keeps the old ones as current and is reported. */
  readonly changed: (settings: Settings) => Promise<void>
  /** The file on disk is not in use, and this is why. Also told of warnings in a file that was taken over. */
  readonly problems: (problems: readonly ConfigProblem[]) => void
  /** Milliseconds that changes are gathered. Default 200. */
  readonly debounce?: number
  readonly timers?: Timers
}

export interface SettingsWatch {
  /** Reads the file now, as for SIGHUP. */
  reload(): Promise<void>
  stop(): Promise<void>
}

/** Starts watching; one change is handled after the other. */
export function watchSettings(options: WatchOptions): SettingsWatch {
  const { path, variables, vendors, changed, problems, debounce = 200, timers = systemTimers } = options
  let current = options.current
  let failures = 0
  let queue = Promise.resolve()
  const tools = (): LoadTools => ({
    variables,
    now: timers.now(),
    ...(vendors === undefined ? undefined : { vendors }),
  })

  const take = async (loaded: Loaded): Promise<void> => {
    if (loaded.problems.length > 0) problems(loaded.problems)
    const { settings } = loaded
    if (settings === undefined || isDeepStrictEqual(settings, current)) return
    try {
      await changed(settings)
      current = settings
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      problems([{ path: '', message: `the new settings could not be taken over: ${reason}`, severity: 'error' }])
    }
  }
  const enqueue = (work: () => Promise<void>): Promise<void> => {
    queue = queue.then(work)
    return queue
  }

  const source = new FileSource({ path, debounce, every: 30_000, maxBytes: 8 * 1024 * 1024, timers })
  source.start({
    document: ({ bytes }) => {
      failures = 0
      const text = new TextDecoder().decode(bytes)
      void enqueue(() => take(readSettings(text, dirname(resolve(path)), tools())))
    },
    unchanged: () => {
      failures = 0
    },
    failed: ({ message }) => {
      failures += 1
      // The first failure is often an editor in the middle of saving; later ones would only repeat it every second.
      if (failures === 2) problems([{ path: '', message, severity: 'error' }])
    },
  })
  return {
    reload: () => enqueue(async () => take(await loadSettings(path, tools()))),
    stop: async () => {
      await source.stop()
      await queue
    },
  }
}
