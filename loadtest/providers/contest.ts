/**
 * One contest, in a process of its own: our provider, alone and through the OpenFeature SDK, beside one vendor's SDK and
 * the OpenFeature providers that read the same document. All must agree on every flag and user before anything is timed.
 */
import { createHash } from 'node:crypto'
import { wrap } from '@halyard/engine'
import { HalyardProvider } from '@halyard/openfeature-server'
import { OpenFeature } from '@openfeature/server-sdk'
import type { EvaluationContext, Provider } from '@openfeature/server-sdk'
import { users } from '../documents.ts'
import type { User } from '../documents.ts'
import { contenders } from '../engines/contenders.ts'
import type { Contender } from '../engines/contender.ts'
import { interleave } from '../measure/interleave.ts'
import { peerProviders } from './peer-providers.ts'

export interface ContestOptions {
  readonly vendor: string
  readonly rounds: number
  readonly seconds: number
  readonly seed: number
}

export interface ContestResult {
  /** Nanoseconds per evaluation by round, by who took part. */
  readonly samples: Readonly<Record<string, readonly number[]>>
  readonly notes: readonly string[]
}

type Ask = (flag: string, user: number) => unknown

interface Side {
  readonly name: string
  readonly ask: Ask
  /** Whether it answers with promises, which are awaited one by one. */
  readonly asynchronous: boolean
}

const USERS = 200
/** Between two looks at the clock. */
const BATCH = 200

async function contest({ vendor, rounds, seconds, seed }: ContestOptions): Promise<ContestResult> {
  const load = contenders.get(vendor)
  if (load === undefined) throw new Error(`unknown vendor ${vendor}; known: ${[...contenders.keys()].join(', ')}`)
  const contender = await load()
  const people = users(USERS, seed)
  const contexts = people.map((user) => (contender.contextOf?.(user) ?? user) as EvaluationContext)
  const notes: string[] = []
  const sides: Side[] = await ours(contender, contexts)
  const opponent = await contender.opponent(people)
  sides.push({ name: `${opponent.package}, direct`, ask: opponent.ask, asynchronous: contender.asynchronous })
  for (const peer of vendor === 'flagd' ? peerProviders : []) {
    try {
      sides.push({ name: `${peer.package}, SDK`, ...(await throughSdk(await peer.start(), peer.package, people)) })
      notes.push(`${peer.package}: ${peer.remark}`)
    } catch (error) {
      notes.push(`${peer.package} did not take part: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  await agree(sides, contender.flags, people)
  const timed = (side: Side, milliseconds: number): Promise<number> => time(side, contender.flags, milliseconds)
  for (const side of sides) await timed(side, Math.min(1000, seconds * 1000))
  const results = await interleave(sides, rounds, (side) => timed(side, seconds * 1000))
  return { samples: Object.fromEntries(results), notes }
}

async function ours(contender: Contender, contexts: readonly EvaluationContext[]): Promise<Side[]> {
  const { dialect, options = {}, document, type } = contender
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const head = { dialect, options, revision: 'loadtest', epoch: 1, version: 1, receivedAt: 1 }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  // Nobody listens there: what is measured has no network in it.
  const url = 'http://127.0.0.1:9'
  const provider = new HalyardProvider({ url, bootstrap: wrap({ ...head, sha256, document: bytes }) })
  const sdk = await throughSdk(provider, 'halyard', contexts, type)
  return [
    {
      name: 'halyard, direct',
      ask: (flag, user) => provider.evaluate(flag, contexts[user], type).value,
      asynchronous: false,
    },
    { name: 'halyard, SDK', ...sdk },
  ]
}

async function throughSdk(
  provider: Provider,
  domain: string,
  contexts: readonly (EvaluationContext | User)[],
  type: Contender['type'] = 'boolean',
): Promise<Omit<Side, 'name'>> {
  await OpenFeature.setProviderAndWait(domain, provider)
  const client = OpenFeature.getClient(domain)
  const ask: Ask =
    type === 'boolean'
      ? (flag, user) => client.getBooleanValue(flag, false, contexts[user])
      : (flag, user) => client.getStringValue(flag, '', contexts[user])
  return { ask, asynchronous: true }
}

async function agree(sides: readonly Side[], flags: readonly string[], people: readonly User[]): Promise<void> {
  for (const flag of flags) {
    for (const [user, person] of people.entries()) {
      const answers = await Promise.all(sides.map((side) => side.ask(flag, user)))
      const odd = answers.findIndex((answer) => answer !== answers[0])
      if (odd === -1) continue
      const words = `${String(answers[0])}, ${sides[odd]?.name}: ${String(answers[odd])}`
      throw new Error(`${flag} for ${JSON.stringify(person)}: ${words}`)
    }
  }
}

let answers = 0

/** Nanoseconds per evaluation. */
async function time({ ask, asynchronous }: Side, flags: readonly string[], milliseconds: number): Promise<number> {
  const began = performance.now()
  let asked = 0
  let elapsed = 0
  for (; elapsed < milliseconds; elapsed = performance.now() - began) {
    for (let step = 0; step < BATCH; step++, asked++) {
      const answer = ask(flags[asked % flags.length] ?? '', (asked * 7) % USERS)
      if ((asynchronous ? await answer : answer) === true) answers++
    }
  }
  return (elapsed * 1e6) / asked
}

const result = await contest(JSON.parse(process.argv[2] ?? '{}') as ContestOptions)
process.send?.({ ...result, answers })
process.disconnect?.()
// SDKs leave timers and servers behind.
process.exit()
