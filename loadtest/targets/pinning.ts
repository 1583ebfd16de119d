/**
 * Which core who runs on: servers on core 0, the load generator on core 1. Left to the scheduler both would wander, and
 * on a small machine the generator would take its time from the server it measures.
 */
import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { availableParallelism } from 'node:os'

const TASKSET = ['/usr/bin/taskset', '/bin/taskset']
const SERVER_CORE = '0'
const GENERATOR_CORE = '1'

export interface Pinning {
  /** For the report. */
  readonly words: string
  /** The command, preceded by what keeps it on the server's core. */
  readonly server: (command: readonly string[]) => readonly string[]
}

/** Moves this process, with all its threads, to the generator's core. Without taskset or a second core nothing is moved. */
export function pin(wanted: boolean): Pinning {
  const taskset = wanted && availableParallelism() > 1 ? TASKSET.find(executable) : undefined
  if (taskset === undefined) {
    const why = wanted ? 'no taskset or a single core' : 'as asked'
    return { words: `not pinned (${why})`, server: (command) => command }
  }
  execFileSync(taskset, ['-acp', GENERATOR_CORE, String(process.pid)], { stdio: 'ignore' })
  return {
    words: `servers pinned to core ${SERVER_CORE}, load generator to core ${GENERATOR_CORE}`,
    server: (command) => [taskset, '-c', SERVER_CORE, ...command],
  }
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
