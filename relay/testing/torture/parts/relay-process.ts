/** A relay as operators run it: a process with its own folder, ports and configuration, to be killed and started again. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pause } from './pause.ts'
import { freePort } from './ports.ts'
import { ENVIRONMENT } from './documents.ts'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface RelaySetup {
  /** Holds the configuration, the log and the disk store. */
  readonly folder: string
  /** `upstream` of its one environment. */
  readonly upstream: Readonly<Record<string, unknown>>
  readonly redisUrl?: string
  /** How long the lease of the one that asks the vendor lives. */
  readonly lease?: string
  /** False: nothing on disk. Default true. */
  readonly disk?: boolean
  /** More top-level settings. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** More settings of its environment. */
  readonly environment?: Readonly<Record<string, unknown>>
  /** More `listen.limits`. */
  readonly limits?: Readonly<Record<string, unknown>>
  /** More environment variables. */
  readonly variables?: Readonly<Record<string, string>>
  /** Arguments for node before the entry file. */
  readonly nodeArguments?: readonly string[]
  /** What starts node, for other users and capabilities. Default: node itself. */
  readonly wrapper?: readonly string[]
  /** The folder of the source tree. Default: this one. */
  readonly tree?: string
}

export class RelayProcess {
  readonly port: number
  readonly managementPort: number
  readonly folder: string
  readonly #setup: RelaySetup
  #child: ChildProcess | undefined
  /** How often it was started. */
  starts = 0

  private constructor(setup: RelaySetup, port: number, managementPort: number) {
    this.#setup = setup
    this.folder = setup.folder
    this.port = port
    this.managementPort = managementPort
  }

  /** Picks ports and writes the configuration; does not start. */
  static async prepare(setup: RelaySetup): Promise<RelayProcess> {
    const relay = new RelayProcess(setup, await freePort(), await freePort())
    mkdirSync(setup.folder, { recursive: true })
    relay.configure({})
    return relay
  }

  /** Writes the configuration with other upstream settings; a running relay notices by itself. */
  configure(upstream: Readonly<Record<string, unknown>>): void {
    const { folder, redisUrl, lease, disk = true, settings, environment, limits } = this.#setup
    const config = {
      listen: { port: this.port, management: { port: this.managementPort }, ...(limits && { limits }) },
      environments: { [ENVIRONMENT]: { upstream: { ...this.#setup.upstream, ...upstream }, ...environment } },
      store: {
        disk: disk ? join(folder, 'store') : false,
        ...(redisUrl === undefined ? {} : { redis: { url: redisUrl, keyPrefix: 'torture:', ...(lease && { lease }) } }),
      },
      drain: { window: '1s', grace: '5s' },
      log: { level: 'info' },
      ...settings,
    }
    // Every JSON text is YAML.
    writeFileSync(join(folder, 'relay.yaml'), JSON.stringify(config))
  }

  get storeFolder(): string {
    return join(this.folder, 'store')
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  get alive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts the process, without waiting for anything. */
  spawn(): void {
    const { variables, nodeArguments = [], wrapper = [], tree = join(import.meta.dirname, '../../../..') } = this.#setup
    const main = join(tree, 'relay/main.ts')
    const line = [
      ...wrapper,
      process.execPath,
      ...nodeArguments,
      main,
      'serve',
      '--config',
      join(this.folder, 'relay.yaml'),
    ]
    const child = spawn(line[0] ?? '', line.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], ...variables },
    })
    this.#child = child
    this.starts += 1
    running.add(child)
    child.once('exit', () => running.delete(child))
    const log: string[] = []
    this.#logs.push(log)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => log.push(text))
  }

  readonly #logs: string[][] = []

  /** What all its processes have logged. */
  get log(): string {
    return this.#logs.map((log) => log.join('')).join('')
  }

  /** Starts and waits until it serves a document. */
  async start(): Promise<void> {
    this.spawn()
    await this.ready()
  }

  /** Waits for readiness; rejects after 20 s. Milliseconds waited. */
  async ready(): Promise<number> {
    const began = performance.now()
    while (performance.now() - began < 20_000) {
      if (!this.alive) throw new Error(`the relay ended by itself:\n${this.log.slice(-2_000)}`)
      if ((await this.managed('/readyz'))?.status === 200) return performance.now() - began
      await pause(25)
    }
    throw new Error(`the relay was not ready after 20 s:\n${this.log.slice(-2_000)}`)
  }

  /** A request to the management door; undefined when there is no answer within a second. */
  async managed(path: string): Promise<{ readonly status: number; readonly text: string } | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.managementPort}${path}`, {
        signal: AbortSignal.timeout(1_000),
        headers: { connection: 'close' },
      })
      return { status: response.status, text: await response.text() }
    } catch {
      return undefined
    }
  }

  /** The environment's part of `/status`; empty when there is no answer. */
  async status(): Promise<Readonly<Record<string, unknown>>> {
    const text = (await this.managed('/status'))?.text ?? '{}'
    const { environments } = JSON.parse(text) as { environments?: Record<string, unknown>[] }
    return environments?.[0] ?? {}
  }

  /** One of `/metrics`, summed over all labels that contain `label`; 0 when it is absent. */
  async metric(name: string, label = ''): Promise<number> {
    const text = (await this.managed('/metrics'))?.text ?? ''
    let sum = 0
    for (const line of text.split('\n')) {
      const match = /^(\w+)(\{[^}]*\})? (\S+)/.exec(line)
      if (match?.[1] === name && (match[2] ?? '').includes(label)) sum += Number(match[3])
    }
    return sum
  }

  /** Resident bytes of the process. */
  get resident(): number {
    const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))
    return Number(match?.[1] ?? Number.NaN) * 1_024
  }

  signal(signal: NodeJS.Signals): void {
    if (this.alive) this.#child?.kill(signal)
  }

  /** Ends it and waits until it is gone; the exit code, or undefined for a signal. */
  async end(signal: NodeJS.Signals): Promise<number | undefined> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? undefined
    const gone = new Promise<number | undefined>((resolve) => {
      child.once('exit', (code) => resolve(code ?? undefined))
    })
    child.kill(signal)
    // A stopped process takes no other signal until it goes on.
    if (signal !== 'SIGKILL') child.kill('SIGCONT')
    return await gone
  }

  /** Removes what it had on disk. */
  forget(): void {
    rmSync(this.storeFolder, { recursive: true, force: true })
  }
}
