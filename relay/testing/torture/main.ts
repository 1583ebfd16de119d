/**
 * `npm run torture`: the promises of RELIABILITY.md, measured on real relays while things around them break. Prints its
 * seed first, since a red run that cannot come back would teach nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomFrom } from '../../serve/testing/random.ts'
import { runMutants } from './mutants/run.ts'
import { HELP, readOptions } from './options.ts'
import type { Options } from './options.ts'
import type { Promised, Torture } from './promise.ts'
import { promises } from './promises.ts'
import { kept, table } from './report.ts'
import type { Result } from './report.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<number> {
  let options: Options
  try {
    options = readOptions(args, Math.random)
    const unknown = options.mutants ? undefined : options.only.find((id) => !promises.some((each) => each.id === id))
    if (unknown !== undefined) throw new Error(`no promise is called ${unknown}: --list tells them`)
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    return 2
  }
  if (options.help) say(HELP)
  if (options.list) for (const { id, says } of promises) say(`${id.padEnd(4)} ${says}`)
  if (options.help || options.list) return 0
  if (!options.mutants) return await torture(options)
  say(`--seed ${options.seed}`)
  const escaped = runMutants(options.only, options.seed, say)
  say(escaped.length === 0 ? 'every mutant was caught' : `${escaped.length} escaped: ${escaped.join(' ')}`)
  return escaped.length === 0 ? 0 : 1
}

async function torture({ seed, scale, seconds, only, json, verbose, jobs }: Options): Promise<number> {
  say(`Node ${process.version}, ${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}`)
  say(`--seed ${seed} --scale ${scale}`)
  const wanted = promises.filter(({ id }) => only.length === 0 || only.includes(id))
  const results: Result[] = []
  const skipped: string[] = []
  const began = performance.now()
  // Where time is short, another one is the last with another seed.
  const first = seconds === Infinity ? 0 : seed % wanted.length
  const queue = [...wanted.slice(first), ...wanted.slice(0, first)]
  const work = async (): Promise<void> => {
    for (let promise = queue.shift(); promise !== undefined; promise = queue.shift()) {
      if (performance.now() - began > seconds * 1_000) {
        skipped.push(promise.id)
        continue
      }
      say(`▶ ${promise.id} ${promise.says}`)
      const result = await measure(promise, seed, scale, verbose)
      results.push(result)
      say(`${kept(result, scale) ? '✔' : '✘'} ${promise.id} after ${result.seconds.toFixed(0)} s`)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  const placeOf = ({ promise }: Result): number => promises.findIndex(({ id }) => id === promise.id)
  results.sort((a, b) => placeOf(a) - placeOf(b))
  say('')
  for (const line of table(results, scale)) say(line)
  const broken = results.filter((result) => !kept(result, scale))
  const left = skipped.length === 0 ? '' : `, ${skipped.join(' ')} left out for want of time`
  say(`\n${results.length - broken.length} promises kept, ${broken.length} broken${left}`)
  if (broken.length > 0) {
    const ids = broken.map(({ promise }) => promise.id).join(',')
    say(`again: npm run torture -- --seed ${seed} --scale ${scale} --only ${ids} --verbose`)
  }
  const path = json ?? join(tmpdir(), 'torture.json')
  writeFileSync(path, `${JSON.stringify({ seed, scale, node: process.version, skipped, results }, undefined, 2)}\n`)
  say(`as JSON: ${path}`)
  return broken.length === 0 ? 0 : 1
}

/** Runs one promise on its own stage, and clears the stage whatever happened. */
async function measure(promise: Promised, seed: number, scale: number, verbose: boolean): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'halyard-torture-'))
  const ends: (() => Promise<void> | void)[] = []
  const began = performance.now()
  const stage: Torture = {
    random: randomFrom(seed),
    scale,
    folder,
    say: (line) => {
      if (verbose) say(`    ${promise.id} ${line}`)
    },
    scaled: (full, least) => Math.max(least, Math.round(full * scale)),
    defer: (end) => void ends.push(end),
  }
  const { id, says } = promise
  let outcome: Pick<Result, 'figures' | 'error'>
  try {
    outcome = { figures: await promise.run(stage) }
  } catch (error) {
    outcome = { figures: [], error: error instanceof Error ? error.message : String(error) }
  }
  for (const end of ends.reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
  return { promise: { id, says }, ...outcome, seconds: (performance.now() - began) / 1_000 }
}

process.exitCode = await main(process.argv.slice(2))
