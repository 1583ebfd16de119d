/**
 * The certificate of a door, read again when its files change: certificates of today last weeks, and a relay that had to
 * be restarted for each would one day not be. A pair that does not fit together, as while a new one is being written, is
 * left alone until it does.
 */
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import type { Timers } from '../clock.ts'
import type { TlsFiles } from '../settings.ts'

const CHECK_MS = 10_000

export class Certificate {
  readonly #files: TlsFiles
  #seen = ''
  #watching: object | undefined

  constructor(files: TlsFiles) {
    this.#files = files
  }

  /** Throws when the files cannot be read or do not fit together. */
  read(): SecureContextOptions {
    const { cert, key, minVersion = 'TLSv1.2' } = this.#files
    this.#seen = this.#state()
    const options: SecureContextOptions = { cert: readFileSync(cert), key: readFileSync(key), minVersion }
    createSecureContext(options)
    return options
  }

  /** Looks after the files from now on; `failed` is told of each change that cannot be used. */
  watch(timers: Timers, changed: (options: SecureContextOptions) => void, failed: (error: unknown) => void): void {
    this.#watching = timers.setTimeout(() => {
      try {
        if (this.#state() !== this.#seen) changed(this.read())
      } catch (error) {
        failed(error)
      }
      this.watch(timers, changed, failed)
    }, CHECK_MS)
  }

  close(timers: Timers): void {
    timers.clearTimeout(this.#watching)
  }

  /** Differs when a file was written or replaced, by a link to another one too. */
  #state(): string {
    return [this.#files.cert, this.#files.key]
      .map((path) => {
        const { ino, size, mtimeMs } = statSync(path)
        return `${ino} ${size} ${mtimeMs}`
      })
      .join()
  }
}
