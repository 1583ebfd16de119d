/** The relay as a process of its own, so that it can be killed and come back on the same port, and its flags be changed. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const MAIN = join(import.meta.dirname, '../../../relay/main.ts')
/** May evaluate; sees no documents. */
export const CLIENT_KEY = 'browser-key-of-tests'

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** By name: whether it is on, or which of its variants everybody has. */
export type Flags = Readonly<Record<string, boolean | 'red' | 'blue'>>

export class RealRelay {
  url = ''
  #management = ''
  #child: ChildProcess | undefined
  readonly #folder: string

  readonly #origin: string

  private constructor(folder: string, origin: string) {
    this.#folder = folder
    this.#origin = origin
  }

  /** Serves flags to pages of `origin`. */
  static async start(flags: Flags, origin: string): Promise<RealRelay> {
    const relay = new RealRelay(await mkdtemp(join(tmpdir(), 'halyard-web-')), origin)
    await relay.set(flags)
    await relay.up()
    return relay
  }

  /** Replaces the document, which the relay watches. Every boolean flag is on for the user `vip`. */
  async set(flags: Flags): Promise<void> {
    const entries = Object.entries(flags).map(([key, on]) => {
      if (typeof on === 'string') {
        return [key, { state: 'ENABLED', variants: { red: 'red', blue: 'blue' }, defaultVariant: on }]
      }
      const targeting = { if: [{ '==': [{ var: 'targetingKey' }, 'vip'] }, 'on', on ? 'on' : 'off'] }
      return [key, { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting }]
    })
    const file = join(this.#folder, 'flags.json')
    await writeFile(`${file}.new`, JSON.stringify({ flags: Object.fromEntries(entries) as object }))
    await rename(`${file}.new`, file)
    // While it is down there is nobody to wait for.
    while (this.#running && JSON.stringify(await this.#served()) !== JSON.stringify(flags)) {
      if (!this.#running) return
      await setTimeout(10)
    }
  }

  async #served(): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
      body: '{"context":{"targetingKey":"anybody"}}',
    })
    const { flags } = (await answer.json()) as { flags: { key: string; value: unknown }[] }
    return Object.fromEntries(flags.map(({ key, value }) => [key, value]))
  }

  async up(): Promise<void> {
    const port = this.url === '' ? 0 : new URL(this.url).port
    const config = join(this.#folder, 'relay.yaml')
    await writeFile(
      config,
      `listen: { port: ${port}, management: { port: 0 } }
store: { disk: false }
drain: { window: 0s, grace: 1s }
environments:
  shop:
    upstream: { vendor: flagd, file: flags.json }
    keys: { client: [${CLIENT_KEY}] }
    cors: { origins: ["${this.#origin}"] }
`,
    )
    const child = spawn(process.execPath, [MAIN, 'serve', '--config', config], { stdio: 'pipe' })
    running.add(child)
    child.once('exit', () => running.delete(child))
    let output = ''
    await new Promise<void>((done, failed) => {
      const read = (chunk: Buffer): void => {
        output += chunk.toString()
        if (/operators\s+\S+/.test(output) && output.includes('serving a new document')) done()
      }
      child.stdout.on('data', read)
      child.stderr.on('data', read)
      child.once('exit', (code) => failed(new Error(`the relay ended with ${code}: ${output}`)))
    })
    const address = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(output)?.[1] ?? ''
    this.#child = child
    this.url = address('applications')
    this.#management = address('operators')
  }

  get #running(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.#running) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** The sum of a metric over those of its labels that are given. */
  async metric(name: string, ...labels: string[]): Promise<number> {
    const text = await (await fetch(`${this.#management}/metrics`)).text()
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
