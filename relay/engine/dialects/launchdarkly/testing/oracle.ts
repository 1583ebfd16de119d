/**
 * LaunchDarkly's Node SDK as an oracle: offline, without events, fed through the reader of its own polling data source.
 * Evaluation contexts are mapped to the SDK's here once more, whole and ahead, apart from the lazy mapping under test.
 */
import vendor from '@launchdarkly/node-server-sdk'
import { own } from '../../../context.ts'
import type { Context } from '../../../outcome.ts'
import type { Question, Scenario } from '../../../testing/differential.ts'
import type { Detail } from './vendor.ts'

interface VendorContext extends Record<string, unknown> {
  kind: string
}
interface Client {
  variationDetail(key: string, context: object, fallback: unknown): Promise<Detail>
  boolVariationDetail(key: string, context: object, fallback: boolean): Promise<Detail>
  numberVariationDetail(key: string, context: object, fallback: number): Promise<Detail>
  stringVariationDetail(key: string, context: object, fallback: string): Promise<Detail>
  waitForInitialization(options: { timeout: number }): Promise<unknown>
  close(): void
}
interface Sdk {
  init(key: string, options: object): Client
  deserializePoll(text: string): { readonly flags: object; readonly segments: object }
}

const sdk = vendor as unknown as Sdk
const silent = { error() {}, warn() {}, info() {}, debug() {} }

/**
 * The SDK's feature store, as its users may bring one. Its own would do, but for the change tracking in front of it, which
 * throws on a flag called `constructor`.
 */
class Store {
  data: ReadonlyMap<string, object> = new Map()

  get({ namespace }: { namespace: string }, key: string, done: (item: unknown) => void): void {
    done(own(this.data.get(namespace), key) ?? null)
  }

  all({ namespace }: { namespace: string }, done: (items: object) => void): void {
    done(this.data.get(namespace) ?? {})
  }

  initialized(done: (is: boolean) => void): void {
    done(true)
  }

  close(): void {
    this.data = new Map()
  }
}

const store: Store = new Store()
const connected: Promise<Client> = connect()

async function connect(): Promise<Client> {
  const client = sdk.init('sdk-oracle', {
    sendEvents: false,
    diagnosticOptOut: true,
    logger: silent,
    featureStore: store,
    updateProcessor: (_: unknown, __: unknown, ready: () => void) => ({ start: ready, stop() {}, close() {} }),
  })
  await client.waitForInitialization({ timeout: 10 })
  return client
}

/** One detail per question. `value` is left out where the SDK gives the caller's default. */
export async function ask(scenario: Scenario): Promise<readonly Detail[]> {
  const client = await connected
  const { flags, segments } = sdk.deserializePoll(JSON.stringify(scenario.document))
  store.data = new Map([
    ['features', flags],
    ['segments', segments],
  ])
  const isRaw = scenario.options?.['contexts'] === 'launchdarkly'
  // Questions of one scenario are asked at once and answered before the next one replaces the data.
  return await Promise.all(
    scenario.questions.map(async (question) => {
      const context = isRaw ? { ...question.context } : translate(question.context)
      const { value, variationIndex, reason } = await detail(client, question, context)
      return { ...(variationIndex === null ? {} : { value }), variationIndex, reason }
    }),
  )
}

async function detail(client: Client, { key, type }: Question, context: object): Promise<Detail> {
  if (type === 'boolean') return await client.boolVariationDetail(key, context, false)
  if (type === 'number') return await client.numberVariationDetail(key, context, 0)
  if (type === 'string') return await client.stringVariationDetail(key, context, '')
  return await client.variationDetail(key, context, null)
}

/** As the vendor's OpenFeature provider, apart from nulls, on which it throws. */
function translate(context: Context): VendorContext {
  const kind = own(context, 'kind')
  if (kind !== 'multi') return { ...common(context), kind: typeof kind === 'string' ? kind : 'user' }
  const parts = Object.entries(context).filter(
    (entry): entry is [string, object] =>
      entry[0] !== 'kind' && typeof entry[1] === 'object' && entry[1] !== null && !Array.isArray(entry[1]),
  )
  return { ...Object.fromEntries(parts.map(([each, part]) => [each, common(part)])), kind }
}

function common(part: object): Record<string, unknown> {
  const made = new Map<string, unknown>()
  for (const [name, value] of Object.entries(part)) {
    if (name === 'targetingKey' || name === 'key') continue
    if (name === 'privateAttributes') made.set('_meta', { privateAttributes: value })
    else if (name === 'name' ? typeof value === 'string' : name !== 'anonymous' || typeof value === 'boolean') {
      made.set(name, value)
    }
  }
  return { ...Object.fromEntries(made), key: own(part, 'targetingKey') ?? own(part, 'key') }
}
