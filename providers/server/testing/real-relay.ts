/** A relay as operators run it: a process of its own with a configuration file, which a test may kill and bring back. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MAIN = join(import.meta.dirname, '../../../relay/main.ts')

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class RealRelay {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'halyard-provider-'))
  readonly serverKey = 'server-key-0123456789'
  readonly clientKey = 'client-key-0123456789'
  #port = 0
  #child: ChildProcess | undefined
  #log = ''

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get log(): string {
    return this.#log
  }

  /** Replaces the flagd document that it serves, as an operator would: whole. */
  publish(document: object): void {
    const file = join(this.folder, 'flags.json')
    writeFileSync(`${file}.new`, JSON.stringify(document))
    renameSync(`${file}.new`, file)
  }

  /** Starts it, after `kill` on the port that it had. Resolves when it listens. */
  async start(): Promise<this> {
    const config = join(this.folder, 'relay.yaml')
    writeFileSync(
      config,
      `listen: { host: 127.0.0.1, port: ${this.#port}, management: { port: 0 } }
drain: { window: 0ms, grace: 1s }
streams: { retryLeast: 100ms, retryMost: 400ms }
environments:
  shop:
    upstream: { vendor: flagd, file: ${join(this.folder, 'flags.json')} }
    keys: { server: [${this.serverKey}], client: [${this.clientKey}] }
`,
    )
    const child = spawn(process.execPath, [MAIN, 'serve', '--config', config], { stdio: 'pipe' })
    this.#child = child
    running.add(child)
    let printed = ''
    child.stderr.on('data', (chunk: Buffer) => (this.#log += chunk.toString()))
    await new Promise<void>((done, failed) => {
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString()
        const address = /http:\/\/127\.0\.0\.1:(\d+)/.exec(printed)
        if (address === null) return
        this.#port = Number(address[1])
        done()
      })
      child.once('exit', (code) => failed(new Error(`the relay ended with ${code}: ${printed}${this.#log}`)))
    })
    return this
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
    running.delete(child)
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
