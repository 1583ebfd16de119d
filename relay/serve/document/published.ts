/**
 * A document as it is handed to others: one line with all that compiling it needs, made once, compressed once, and shared
 * by everybody who asks. Only what is asked for is made: most relays serve no document to anybody.
 */
import { Buffer } from 'node:buffer'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib'
import { wrap } from '@halyard/engine'
import type { Snapshot } from '../../environment/snapshot.ts'
import type { Coding } from '../compression.ts'
import { idText } from '../stream/event-id.ts'

const compressors: Readonly<Record<Coding, (bytes: Buffer) => Promise<Buffer>>> = {
  gzip: (bytes) => promisify(gzip)(bytes),
  zstd: (bytes) => promisify(zstdCompress)(bytes),
  // Documents change, so the time until the first answer counts too: 5 is near gzip's speed and well below its size.
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 5,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
}

const DATA = '\ndata: '
const END = '\n\n'

export class PublishedDocument {
  readonly snapshot: Snapshot
  readonly #dialect: string
  readonly #compressed = new Map<Coding, Promise<Buffer>>()
  #frame: { readonly bytes: Buffer; readonly body: Buffer } | undefined
  #stale: Buffer | undefined

  /** `dialect` is the environment's, which need not be that of the Ruleset: the document may be wrapped already. */
  constructor(snapshot: Snapshot, dialect: string) {
    this.snapshot = snapshot
    this.#dialect = dialect
  }

  /** The envelope. */
  get body(): Buffer {
    return this.#made().body
  }

  /** The envelope as an event; with `stale`, for clients that know a newer one. */
  frame(stale: boolean): Buffer {
    if (!stale) return this.#made().bytes
    if (this.#stale === undefined) {
      const { bytes, body } = this.#made()
      const start = body.byteOffset - bytes.byteOffset + 1
      this.#stale = Buffer.concat([bytes.subarray(0, start), Buffer.from('"stale":true,'), bytes.subarray(start)])
    }
    return this.#stale
  }

  compressed(coding: Coding): Promise<Buffer> {
    let made = this.#compressed.get(coding)
    if (made === undefined) this.#compressed.set(coding, (made = compressors[coding](this.body)))
    return made
  }

  #made(): { readonly bytes: Buffer; readonly body: Buffer } {
    if (this.#frame === undefined) {
      const { ruleset, sha256, epoch, version, receivedAt, bytes: document } = this.snapshot
      const { revision } = ruleset
      const options = JSON.parse(ruleset.options) as Readonly<Record<string, unknown>>
      const dialect = this.#dialect
      const line = wrap({ dialect, options, revision, sha256, epoch, version, receivedAt, document })
      const opening = Buffer.from(`event: document\nid: ${idText({ epoch, version, revision })}${DATA}`)
      const bytes = Buffer.concat([opening, line, Buffer.from(END)])
      this.#frame = { bytes, body: bytes.subarray(opening.length, bytes.length - END.length) }
    }
    return this.#frame
  }
}
