/** A sink that remembers, for the tests of sources: what was delivered, in order, and a way to wait for it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { SourceSink, UpstreamDocument } from '../source.ts'
import type { UpstreamError } from '../upstream-error.ts'

/** One call of the sink. */
export type Recorded =
  | { readonly kind: 'document'; readonly text: string; readonly document: UpstreamDocument }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: UpstreamError }

/** Records every call. */
export class Recorder implements SourceSink {
  readonly events: Recorded[] = []

  document(document: UpstreamDocument): void {
    this.events.push({ kind: 'document', text: new TextDecoder().decode(document.bytes), document })
  }

  unchanged(): void {
    this.events.push({ kind: 'unchanged' })
  }

  failed(error: UpstreamError): void {
    this.events.push({ kind: 'failed', error })
  }

  /** The n-th call (from 1), awaited in real time because sockets and files are real. */
  async at(count: number): Promise<Recorded> {
    await until(() => this.events.length >= count, `call ${count} of the sink`)
    const event = this.events[count - 1]
    if (event === undefined) throw new Error('unreachable: the count was awaited')
    return event
  }

  /** The error of the n-th call; fails the test when it was no failure. */
  async failureAt(count: number): Promise<UpstreamError> {
    const event = await this.at(count)
    if (event.kind !== 'failed') throw new Error(`call ${count} was ${event.kind}`)
    return event.error
  }

  /** The documents and repeats so far, as short words. */
  get words(): string[] {
    return this.events.map((event) => (event.kind === 'document' ? event.text : event.kind))
  }
}

/** Waits, in real time, until the condition holds. */
export async function until(condition: () => boolean, what: string, milliseconds = 10_000): Promise<void> {
  const deadline = performance.now() + milliseconds
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${milliseconds} ms in vain for ${what}`)
    await pause(2)
  }
}
