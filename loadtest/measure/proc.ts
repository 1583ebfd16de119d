/**
 * What a server process really used, from /proc: CPU time and resident memory of it and its children. CPU per request
 * survives a noisy machine far better than requests per second, so it is the figure to compare.
 */
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** User and system time since the process started, in microseconds. */
  readonly cpuMicros: number
  /** Resident set, in bytes. */
  readonly rssBytes: number
}

/** Clock ticks per second of /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

/** Usage of a process and all its descendants. Throws where there is no /proc. */
export function usageOf(pid: number): Usage {
  let cpuMicros = 0
  let rssBytes = 0
  for (const member of family(pid)) {
    const fields = statFields(member)
    if (fields === undefined) continue
    cpuMicros += ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND
    rssBytes += Number(fields[21]) * PAGE_BYTES
  }
  return { cpuMicros, rssBytes }
}

function family(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]))
  }
  return [...parents.keys()].filter((pid) => {
    // The table is not read in one moment, so a reused number could even close a circle: hence no more steps than rows.
    let at: number | undefined = pid
    for (let step = 0; step <= parents.size && at !== undefined && at > 0; step++, at = parents.get(at)) {
      if (at === root) return true
    }
    return false
  })
}

/** Fields of /proc/<pid>/stat after the command name, which may itself hold spaces and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return line.slice(line.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
