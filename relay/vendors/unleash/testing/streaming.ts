/** The streaming route of the test server: everything or what was missed at first, then each change with its id. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { State } from './mock.ts'

interface Delta {
  readonly eventId: number
  readonly type: string
  readonly [member: string]: unknown
}

export class Streaming {
  readonly #open = new Set<ServerResponse>()
  readonly #history: Delta[] = []
  opened: number = 0

  get streams(): number {
    return this.#open.size
  }

  connect(request: IncomingMessage, response: ServerResponse, state: State, revision: number): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
    })
    this.opened += 1
    this.#open.add(response)
    response.once('close', () => this.#open.delete(response))
    const last = Number(request.headers['last-event-id'] ?? NaN)
    const known = last === revision || this.#history.some(({ eventId }) => eventId === last)
    const whole: Delta = { eventId: revision, type: 'hydration', ...state }
    const events = known ? this.#history.filter(({ eventId }) => eventId > last) : [whole]
    response.write(frame('unleash-connected', revision, events))
  }

  /** Tells every stream what became different. */
  changed(before: State, after: State, revision: number, quietly: boolean): void {
    const events: Delta[] = []
    const texts = new Map(before.features.map((feature) => [feature.name, JSON.stringify(feature)]))
    for (const feature of after.features) {
      if (texts.get(feature.name) !== JSON.stringify(feature)) {
        events.push({ eventId: revision, type: 'feature-updated', feature })
      }
      texts.delete(feature.name)
    }
    for (const featureName of texts.keys()) {
      events.push({ eventId: revision, type: 'feature-removed', featureName, project: 'default' })
    }
    const segments = new Map(before.segments.map((segment) => [segment.id, JSON.stringify(segment)]))
    for (const segment of after.segments) {
      if (segments.get(segment.id) !== JSON.stringify(segment)) {
        events.push({ eventId: revision, type: 'segment-updated', segment })
      }
      segments.delete(segment.id)
    }
    for (const segmentId of segments.keys()) events.push({ eventId: revision, type: 'segment-removed', segmentId })
    this.#history.push(...events)
    if (!quietly && events.length > 0) this.write(frame('unleash-updated', revision, events))
  }

  /** Raw text to every stream. */
  write(text: string): void {
    for (const stream of this.#open) stream.write(text)
  }

  drop(): void {
    for (const stream of this.#open) stream.destroy()
  }
}

function frame(event: string, id: number, events: readonly Delta[]): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify({ events })}\n\n`
}
