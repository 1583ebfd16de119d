/**
 * Whatever is changed, in whatever order clients read: who applies the events of `/v1/stream` has the answers that a bulk
 * request would give, as soon as it has read everything.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SseParser } from '../../upstream/sse-parser.ts'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { MemoryOutlet } from '../testing/outlet.ts'
import { open } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'
import { StreamBench } from '../testing/stream-bench.ts'

const SEED = 20_261_120
const RUNS = 400

interface Told {
  readonly flags?: readonly { readonly key: string }[]
  readonly removed?: readonly string[]
}

/** A client that keeps answers by what it is told. */
class Model {
  readonly outlet = new MemoryOutlet()
  readonly answers = new Map<string, unknown>()
  lastId = ''
  #read = 0
  /** Bytes that the client has taken. */
  readonly #parser = new SseParser(
    {
      event: ({ type, data, id }) => {
        const { flags = [], removed = [] } = JSON.parse(data) as Told
        if (type === 'whole') this.answers.clear()
        for (const flag of flags) this.answers.set(flag.key, flag)
        for (const key of removed) expect(this.answers.delete(key), `${key} was there`).toBe(true)
        this.lastId = id
      },
    },
    1_000_000,
  )

  /** Reads everything that was written. */
  read(): void {
    this.outlet.reads = true
    while (this.outlet.pending > 0) this.outlet.take()
    for (; this.#read < this.outlet.written.length; this.#read++) {
      this.#parser.push(this.outlet.written[this.#read] ?? new Uint8Array())
    }
  }
}

const key = fc.constantFrom('one', 'two', 'three', '__proto__', 'constructor')
const flag = fc.record(
  {
    variants: fc.constant({ a: 1, b: 2.5, c: 'x\ny', d: { deep: [1, 2] } }),
    serve: fc.constantFrom('a', 'b', 'c', 'd'),
    rules: fc.array(
      fc.record({
        attribute: fc.constantFrom('plan', 'tier'),
        equals: fc.constantFrom('gold', 'none', 1),
        serve: fc.constantFrom('a', 'b', 'c', 'd'),
      }),
      { maxLength: 2 },
    ),
    disabled: fc.boolean(),
    serverOnly: fc.boolean(),
    from: fc.integer({ min: 1_800_000_000_000, max: 1_800_000_020_000 }),
  },
  { requiredKeys: ['variants', 'serve'] },
)
const documents = fc
  .array(fc.tuple(key, flag), { maxLength: 5 })
  .map((flags): TestDocument => ({ flags: Object.fromEntries(flags) }))
const contexts = fc.record(
  {
    plan: fc.constantFrom('gold', 'none', 1, '1'),
    tier: fc.constantFrom('gold', 1),
    targetingKey: fc.constantFrom('u', 'v'),
  },
  { requiredKeys: [] },
)
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('swap' as const), document: documents }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
    fc.record({ do: fc.constant('stall' as const), client: fc.nat(3) }),
    fc.record({ do: fc.constant('read' as const), client: fc.nat(3), bytes: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ do: fc.constant('resume' as const), client: fc.nat(3) }),
  ),
  { maxLength: 25 },
)

it(`leads every client to the answers of a bulk request (seed ${SEED})`, { timeout: 60_000 }, async () => {
  let resumed = 0
  await fc.assert(
    fc.asyncProperty(
      documents,
      fc.array(contexts, { minLength: 4, maxLength: 4 }),
      steps,
      async (first, four, script) => {
        // Frames in pieces, or at once.
        const pendingBytes = script.length % 2 === 0 ? 100 : 10_000
        const environment = new HandMadeEnvironment('test', first)
        const keys = { server: [{ secret: 'server' }], client: [{ secret: 'client' }], admin: [] }
        const bench = new StreamBench({
          environments: [open(first, { environment, keys })],
          streams: { pendingBytes },
        })
        const clients = four.map((context, index) => ({
          model: new Model(),
          context,
          key: index % 2 === 0 ? 'server' : 'client',
        }))
        const connect = async (client: (typeof clients)[number]): Promise<void> => {
          const { model, context, key } = client
          const { outlet, lastId } = model
          const id = lastId === '' ? {} : { lastEventId: lastId }
          await bench.open({ path: '/v1/stream', context, key, outlet, ...id })
        }
        for (const client of clients) await connect(client)
        for (const step of script) {
          const client = 'client' in step ? clients[step.client] : undefined
          if (step.do === 'swap') environment.swap(step.document)
          else if (step.do === 'wait') await bench.timers.advance(step.ms)
          else if (client === undefined) continue
          else if (step.do === 'stall') client.model.outlet.reads = false
          else if (step.do === 'read') client.model.outlet.take(step.bytes)
          else {
            client.model.read()
            client.model.outlet.leave()
            const next = Object.assign(new Model(), { lastId: client.model.lastId })
            for (const [flag, answer] of client.model.answers) next.answers.set(flag, answer)
            client.model = next
            await connect(client)
            if (!next.outlet.text().includes('event: whole')) resumed++
          }
        }
        for (const { model } of clients) {
          expect(model.outlet.most).toBeLessThanOrEqual(pendingBytes)
          model.outlet.reads = true
          while (model.outlet.pending > 0) model.outlet.take()
        }
        await bench.timers.advance(1)
        const ruleset = environment.snapshot()?.ruleset
        for (const { model, context, key } of clients) {
          model.read()
          const expected =
            ruleset?.outcomes(context, { now: bench.timers.now() }, key === 'server' ? 'all' : 'client') ?? []
          const answers = expected.map(({ json }) => JSON.parse(`{${json}}`) as { key: string })
          expect(new Map(model.answers)).toEqual(new Map(answers.map((answer) => [answer.key, answer])))
        }
        bench.hubs.stop()
      },
    ),
    { seed: SEED, numRuns: RUNS },
  )
  expect(resumed).toBeGreaterThan(20)
})
