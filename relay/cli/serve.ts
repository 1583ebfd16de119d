/**
 * `halyard serve`: the relay as a process. Reads the configuration, follows it, and maps signals onto it: SIGHUP reads the
 * file again, SIGTERM and SIGINT drain, and the second of those ends at once for whoever has no patience left.
 */
import { constants } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import type { Logger } from 'pino'
import { loadSettings } from '../../config/loading.ts'
import type { ConfigProblem } from '../../config/problems.ts'
import type { Settings } from '../../config/settings.ts'
import { watchSettings } from '../../config/watch.ts'
import type { SettingsWatch } from '../../config/watch.ts'
import type { RunningRelay } from '../relay.ts'
import { vendors } from '../vendors/index.ts'
import { Failure, UsageError } from './command.ts'
import type { Command } from './command.ts'
import { configRow, printRows, summary } from './problem-lines.ts'
import { exitCodes } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { banner } from './welcome.ts'

export const serve: Command = {
  name: 'serve',
  usage: ['[--config FILE]'],
  details: [
    'Logs are JSON lines on stderr. The configuration is read again when it changes and on SIGHUP.',
    'SIGTERM and SIGINT drain: not ready, then no new streams, then the end. A second one ends at once.',
  ].join('\n'),
  options: {
    config: { type: 'string', short: 'c', value: 'FILE', help: 'Default $HALYARD_CONFIG, else relay.yaml.' },
  },
  run: async (given, terminal) => {
    if (given.positionals.length > 0) throw new UsageError('serve takes no arguments but --config FILE')
    const path = given.text('config') ?? terminal.variables['HALYARD_CONFIG'] ?? 'relay.yaml'
    const { settings, problems } = await loadSettings(path, { variables: terminal.variables, vendors, now: Date.now() })
    if (settings === undefined) return refuse(path, problems, terminal)

    const log = pino({ level: settings.log.level, base: null }, pino.destination({ fd: 2, sync: true }))
    logProblems(log, path, problems)
    // Before anything listens: a signal during the start must not be the one that is lost.
    const signals = new Signals()
    const relay = await start(settings, log)
    // Left alone the collector lets garbage lie: 130 MB with 20,000 flags. On the command line the same flag would make
    // Node refuse the compiled code of its own modules, and slow down the start.
    setFlagsFromString('--heap-growing-percent=30')
    const watch = watchSettings({
      path,
      current: settings,
      variables: terminal.variables,
      vendors,
      changed: async (next) => {
        log.level = next.log.level
        await relay.reload(next)
        log.info({ environments: [...next.environments.keys()] }, 'settings taken over')
      },
      problems: (found) => logProblems(log, path, found),
    })
    for (const text of await banner(settings, relay, terminal)) terminal.out(text)
    return signals.until(relay, watch, log)
  },
}

function refuse(path: string, problems: readonly ConfigProblem[], terminal: Terminal): number {
  const rows = problems.map(configRow)
  terminal.error(`${path}: ${summary(rows)}; the relay does not start`)
  printRows(rows, { ...terminal, out: (text) => terminal.error(text) })
  return exitCodes.failed
}

function logProblems(log: Logger, path: string, problems: readonly ConfigProblem[]): void {
  for (const { path: setting, line, column, message, severity } of problems) {
    const where = { file: path, setting, line, column }
    if (severity === 'error') log.error(where, `the settings in use stay: ${setting} ${message}`)
    else log.warn(where, `${setting} ${message}`.trimStart())
  }
}

async function start(settings: Settings, log: Logger): Promise<RunningRelay> {
  // Loaded here, so that the other commands need not wait for servers, stores and metrics to load.
  const { startRelay } = await import('../relay.ts')
  try {
    return await startRelay(settings, { log })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const { host, port, management } = settings.listen
    if (code === 'EADDRINUSE') {
      const taken = error instanceof Error && 'port' in error ? String(error.port) : `${port} or ${management.port}`
      throw new Failure(
        `port ${taken} is taken: stop what listens there, or set HALYARD_LISTEN_PORT or HALYARD_LISTEN_MANAGEMENT_PORT`,
      )
    }
    if (code === 'EACCES') throw new Failure(`this user may not listen on ${host}:${port}: choose a port above 1023`)
    if (code === 'EADDRNOTAVAIL') throw new Failure(`${host} or ${management.host} is no address of this machine`)
    throw error
  }
}

/** The process's signals, counted from the moment it is made. */
class Signals {
  #ended: ((signal: 'SIGTERM' | 'SIGINT') => void) | undefined
  #early: 'SIGTERM' | 'SIGINT' | undefined
  #reload: () => void = () => {}

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (this.#early !== undefined) process.exit(128 + constants.signals[signal])
        this.#early = signal
        this.#ended?.(signal)
      })
    }
    process.on('SIGHUP', () => this.#reload())
  }

  /** Resolves with the exit code once the relay has drained. */
  async until(relay: RunningRelay, watch: SettingsWatch, log: Logger): Promise<number> {
    this.#reload = () => void watch.reload()
    const signal = await new Promise<'SIGTERM' | 'SIGINT'>((resolve) => {
      this.#ended = resolve
      if (this.#early !== undefined) resolve(this.#early)
    })
    this.#reload = () => {}
    log.info({ signal }, 'draining; the same signal again ends at once')
    await watch.stop()
    await relay.stop()
    log.info('stopped')
    return exitCodes.ok
  }
}
