/** A source and a store whose behaviour a test writes down, for the pipeline's own rules; the real ones have their own tests. */
import { StoreError } from '../../store/store.ts'
import type { Generation, Store, StoreStatus } from '../../store/store.ts'
import type { Source, SourceSink, SourceStatus } from '../../upstream/source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

export class ScriptedSource implements Source {
  failures = 0
  refreshes = 0
  stopped = false
  #sink: SourceSink | undefined

  get started(): boolean {
    return this.#sink !== undefined
  }

  start(sink: SourceSink): void {
    this.#sink = sink
  }

  refresh(): void {
    this.refreshes++
  }

  status(): SourceStatus {
    return { state: this.failures > 0 ? 'retrying' : 'live', consecutiveFailures: this.failures }
  }

  async stop(): Promise<void> {
    this.stopped = true
  }

  deliver(document: object | string, receivedAt: number): void {
    this.failures = 0
    const text = typeof document === 'string' ? document : JSON.stringify(document)
    this.#sink?.document({ bytes: new TextEncoder().encode(text), receivedAt, origin: 'test' })
  }

  unchanged(at: number): void {
    this.failures = 0
    this.#sink?.unchanged(at)
  }

  fail(): void {
    this.failures++
    this.#sink?.failed(new UpstreamError('network', 'connection refused'))
  }
}

export class ScriptedStore implements Store {
  readonly name: string
  readonly shared: boolean
  readonly saved: Generation[] = []
  /** What `load` gives; a function may also hang or throw. */
  loads: () => Promise<Generation[]>
  down = false

  constructor(name: string, loads: () => Promise<Generation[]> = async () => []) {
    this.name = name
    this.shared = name === 'redis'
    this.loads = loads
  }

  async load(): Promise<{ generations: Generation[]; problems: [] }> {
    return { generations: await this.loads(), problems: [] }
  }

  async save(generation: Generation): Promise<'saved'> {
    if (this.down) throw new StoreError('unavailable', 'it is down')
    this.saved.push(generation)
    return 'saved'
  }

  status(): StoreStatus {
    return { state: 'available', saves: this.saved.length, failures: 0 }
  }

  async close(): Promise<void> {}
}
