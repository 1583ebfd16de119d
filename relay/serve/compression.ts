/**
 * Compressed answers: what a client accepts, and compressing off the event loop. Only so many bodies are compressed at a
 * time; beyond that answers go out as they are, since a relay under load has bandwidth to spare before it has time.
 */
import type { Buffer } from 'node:buffer'
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib'

export type Coding = 'br' | 'zstd' | 'gzip'

/** Bodies smaller than this fit into a packet anyway, bytes. */
export const WORTH_CODING = 1_024

/** By preference: how small they make an answer of flags at speeds that hardly differ. */
const CODINGS: readonly Coding[] = ['br', 'zstd', 'gzip']
const AT_ONCE = 8
const REMEMBERED = 256
const REMEMBERED_LENGTH = 128
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i

const known = new Map<string, Coding | undefined>()

/**
 * The coding an Accept-Encoding header asks for; undefined for none. The highest weight counts, ours where several have
 * it; one that cannot be read counts as not listed.
 */
export function preferredCoding(acceptEncoding: string | undefined): Coding | undefined {
  if (acceptEncoding === undefined || acceptEncoding === '') return undefined
  if (known.has(acceptEncoding)) return known.get(acceptEncoding)
  const coding = read(acceptEncoding)
  if (acceptEncoding.length <= REMEMBERED_LENGTH) {
    if (known.size >= REMEMBERED) known.clear()
    known.set(acceptEncoding, coding)
  }
  return coding
}

function read(header: string): Coding | undefined {
  const weights = new Map<string, number>()
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim())
    const weight = parameters.length === 0 ? '1' : WEIGHT.exec(parameters[0] ?? '')?.[1]
    if (weight !== undefined && parameters.length < 2) weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight))
  }
  const weightOf = (name: string, fallback: number): number => weights.get(name) ?? fallback
  const others = weightOf('*', 0)
  let best: Coding | undefined
  let most = 0
  for (const coding of CODINGS) {
    const weight = weightOf(coding, others)
    if (weight > most) [best, most] = [coding, weight]
  }
  return most < weightOf('identity', 0) ? undefined : best
}

export class Compressor {
  #running = 0

  /** Undefined when there is too much to do already, or when the attempt fails: the body is good as it is. */
  async compress(body: Buffer, coding: Coding): Promise<Buffer | undefined> {
    if (this.#running >= AT_ONCE) return undefined
    this.#running++
    try {
      return await compressed(body, coding)
    } catch {
      return undefined
    } finally {
      this.#running--
    }
  }
}

function compressed(body: Buffer, coding: Coding): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, bytes: Buffer): void => {
      if (error === null) resolve(bytes)
      else reject(error)
    }
    switch (coding) {
      case 'br':
        brotliCompress(
          body,
          { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } },
          settle,
        )
        return
      case 'zstd':
        zstdCompress(body, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }, settle)
        return
      default:
        gzip(body, { level: 3 }, settle)
    }
  })
}
