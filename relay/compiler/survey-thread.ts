/**
 * The thread that looks through large documents before the serving thread touches them: is it UTF-8 and JSON, how deep,
 * what is its hash, where do its parts begin. Bytes come in and plain numbers go out; handing over parsed objects would
 * cost the serving thread more than parsing them.
 */
import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { DocumentError } from '../engine/problem.ts'
import { survey } from '../engine/compile-in-steps.ts'
import type { Outline } from '../engine/outline.ts'

/** The answer about one document; `path` and `message` when nothing of it can be used. */
export type Surveyed = { readonly sha256: string } & (
  | { readonly outline: Outline }
  | { readonly path: string; readonly message: string }
)

export interface SurveyOrder {
  readonly id: number
  readonly bytes: Uint8Array
  /** SHA-256 of the bytes, hex, where it was computed already. */
  readonly known: string | undefined
}

parentPort?.on('message', ({ id, bytes, known }: SurveyOrder) => {
  const sha256 = known ?? createHash('sha256').update(bytes).digest('hex')
  try {
    const outline = survey(bytes)
    answer({ id, sha256, outline }, [outline.marks.buffer])
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    const { path } = error
    answer({ id, sha256, path, message: path === '' ? error.message : error.message.slice(path.length + 2) }, [])
  }
})

function answer(message: Surveyed & { readonly id: number }, transferred: ArrayBuffer[]): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message, transferred)
}
