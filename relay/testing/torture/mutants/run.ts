/**
 * `npm run torture -- --mutants`: a copy of the source tree for the faults, never the tree itself; each fault alone, each
 * of its checks in turn, and the fault taken out again.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { mutants } from './list.ts'
import { mutate } from './mutant.ts'
import type { Check, Mutant } from './mutant.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const SOURCES = ['relay', 'config', 'providers', 'package.json', 'tsconfig.json', '.vitest.config.ts']
const SLOWEST_MS = 300_000

/** Prints which check caught which mutant; the names of those that none caught. */
export function runMutants(only: readonly string[], seed: number, say: (line: string) => void): readonly string[] {
  const unknown = only.find((name) => !mutants.some((each) => each.name === name))
  if (unknown !== undefined) throw new Error(`no mutant is called ${unknown}`)
  const tree = mkdtempSync(join(tmpdir(), 'halyard-mutants-'))
  try {
    copyTree(tree)
    const wanted = mutants.filter(({ name }) => only.length === 0 || only.includes(name))
    // A check that fails without any fault would seem to catch every one.
    const sound = new Map<string, boolean>()
    const isSound = (check: Check): boolean => {
      const name = nameOf(check)
      if (!sound.has(name)) {
        sound.set(name, passes(tree, check, seed))
        if (sound.get(name) === false) say(`${name} fails without a fault, and proves nothing here`)
      }
      return sound.get(name) === true
    }
    const escaped: string[] = []
    for (const mutant of wanted) {
      const caught = tryMutant(tree, mutant, seed, isSound)
      if (caught.length === 0) escaped.push(mutant.name)
      say(`${mutant.name.padEnd(24)} ${caught.length === 0 ? 'ESCAPED' : caught.join(', ')}`)
    }
    return escaped
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

/** The checks that noticed. */
function tryMutant(tree: string, mutant: Mutant, seed: number, isSound: (check: Check) => boolean): string[] {
  const checks = mutant.checks.filter(isSound)
  const path = join(tree, mutant.file)
  const source = readFileSync(path, 'utf8')
  writeFileSync(path, mutate(source, mutant))
  const caught = checks.filter((check) => !passes(tree, check, seed)).map(nameOf)
  writeFileSync(path, source)
  return caught
}

function nameOf(check: Check): string {
  return 'promise' in check ? check.promise : check.tests
}

function passes(tree: string, check: Check, seed: number): boolean {
  const node = process.execPath
  const line =
    'promise' in check
      ? ['relay/testing/torture/main.ts', '--only', check.promise, '--scale', '0.02', '--seed', String(seed)]
      : ['node_modules/vitest/vitest.mjs', 'run', '--config', '.vitest.config.ts', check.tests]
  const path = [join(tree, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter)
  const env = { ...process.env, PATH: path }
  return spawnSync(node, line, { cwd: tree, env, stdio: 'ignore', timeout: SLOWEST_MS }).status === 0
}

/** The workspace's own packages must lead into the copy; everything else may be linked. */
function copyTree(tree: string): void {
  for (const each of SOURCES) {
    cpSync(join(ROOT, each), join(tree, each), { recursive: true, verbatimSymlinks: true })
  }
  mkdirSync(join(tree, 'node_modules'))
  for (const each of readdirSync(join(ROOT, 'node_modules'))) {
    const [from, to] = [join(ROOT, 'node_modules', each), join(tree, 'node_modules', each)]
    if (each === '@halyard') cpSync(from, to, { recursive: true, verbatimSymlinks: true })
    else if (each !== '.vite') symlinkSync(from, to)
  }
}
