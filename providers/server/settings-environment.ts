/**
 * The environment variables that every OFREP provider reads (the protocol's ADR-0007), so that one deployment can point
 * applications of several languages at one relay. What cannot be used is left aside; options always win.
 */
export interface FromEnvironment {
  readonly endpoint: string | undefined
  readonly headers: ReadonlyMap<string, string>
  readonly timeoutMs: number | undefined
}

/** Reads OFREP_ENDPOINT, OFREP_HEADERS and OFREP_TIMEOUT_MS. */
export function readEnvironment(get: (name: string) => string | undefined): FromEnvironment {
  const endpoint = get('OFREP_ENDPOINT')?.trim()
  const timeout = Number(get('OFREP_TIMEOUT_MS') ?? Number.NaN)
  return {
    endpoint: endpoint === '' ? undefined : endpoint,
    headers: headers(get('OFREP_HEADERS') ?? ''),
    timeoutMs: Number.isFinite(timeout) && timeout > 0 ? timeout : undefined,
  }
}

function headers(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const pair of decoded(text).split(',')) {
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, Math.max(at, 0)).trim(), pair.slice(at + 1).trim()]
    if (isHeader(name, value)) found.set(name, value)
  }
  return found
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function isHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name)
  } catch {
    return false
  }
}

/** A variable of the process, where the runtime has such. */
export function lookUp(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  return process?.env?.[name]
}

export function isIn<T>(known: readonly T[], value: unknown): value is T {
  return known.some((one) => one === value)
}
