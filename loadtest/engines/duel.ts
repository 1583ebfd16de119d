/**
 * One duel: our engine and a vendor's SDK in one process, taking turns. Before anything is timed both must give the same
 * answers for every flag and user, so that nobody wins by doing less. Flags and users come out of arrays, answers go into
 * a sum that is used: otherwise the compiler may move the work out of the loop, or away.
 */
import { compile } from '@halyard/engine'
import { users } from '../documents.ts'
import { interleave } from '../measure/interleave.ts'
import { contenders } from './contenders.ts'

export interface DuelOptions {
  readonly vendor: string
  readonly rounds: number
  readonly seconds: number
  readonly seed: number
}

export interface DuelResult {
  readonly package: string
  readonly asynchronous: boolean
  /** Nanoseconds per evaluation, by round. */
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
  /** Pairs of flag and user on which both agreed before the start. */
  readonly agreed: number
}

const USERS = 500
/** Between two looks at the clock. */
const BATCH = 500

/** Rejects when the two disagree on anything. */
export async function duel({ vendor, rounds, seconds, seed }: DuelOptions): Promise<DuelResult> {
  const load = contenders.get(vendor)
  if (load === undefined) throw new Error(`unknown vendor ${vendor}; known: ${[...contenders.keys()].join(', ')}`)
  const { dialect, document, options, flags, type, contextOf, asynchronous, opponent } = await load()
  const people = users(USERS, seed)
  const contexts = people.map((user) => contextOf?.(user) ?? user)
  const { ruleset, problems } = compile({
    dialect,
    document: JSON.stringify(document),
    ...(options === undefined ? {} : { options }),
  })
  if (problems.length > 0) throw new Error(`${vendor}: ${JSON.stringify(problems[0])}`)
  const sdk = await opponent(people)
  const ask = (flag: string, user: number): unknown => ruleset.evaluate(flag, contexts[user] ?? {}, type).value

  for (const flag of flags) {
    for (let user = 0; user < USERS; user++) {
      const [ours, theirs] = [ask(flag, user), await sdk.ask(flag, user)]
      if (ours !== theirs)
        throw new Error(
          `${vendor}: ${flag} for ${JSON.stringify(people[user])}: ${String(ours)}, SDK ${String(theirs)}`,
        )
    }
  }
  const sides = [
    { name: 'ours', run: (milliseconds: number) => timeSync(ask, flags, milliseconds) },
    {
      name: 'theirs',
      run: (milliseconds: number) =>
        asynchronous ? timeAsync(sdk.ask, flags, milliseconds) : timeSync(sdk.ask, flags, milliseconds),
    },
  ]
  for (const { run } of sides) await run(Math.min(1000, seconds * 1000))
  const results = await interleave(sides, rounds, ({ run }) => Promise.resolve(run(seconds * 1000)))
  return {
    package: sdk.package,
    asynchronous,
    ours: results.get('ours') ?? [],
    theirs: results.get('theirs') ?? [],
    agreed: flags.length * USERS,
  }
}

type Ask = (flag: string, user: number) => unknown

let answers = 0

function timeSync(ask: Ask, flags: readonly string[], milliseconds: number): number {
  const began = performance.now()
  let asked = 0
  let elapsed = 0
  for (; elapsed < milliseconds; elapsed = performance.now() - began) {
    for (let step = 0; step < BATCH; step++, asked++) {
      if (ask(flags[asked % flags.length] ?? '', (asked * 7) % USERS) === true) answers++
    }
  }
  return (elapsed * 1e6) / asked
}

async function timeAsync(ask: Ask, flags: readonly string[], milliseconds: number): Promise<number> {
  const began = performance.now()
  let asked = 0
  let elapsed = 0
  for (; elapsed < milliseconds; elapsed = performance.now() - began) {
    for (let step = 0; step < BATCH; step++, asked++) {
      if ((await ask(flags[asked % flags.length] ?? '', (asked * 7) % USERS)) === true) answers++
    }
  }
  return (elapsed * 1e6) / asked
}

/** As a process of its own, so that no vendor runs on code warmed up, or spoilt, by another. */
if (import.meta.main) {
  const result = await duel(JSON.parse(process.argv[2] ?? '{}') as DuelOptions)
  process.send?.({ ...result, answers })
  process.disconnect?.()
  // SDKs leave timers behind.
  process.exit()
}
