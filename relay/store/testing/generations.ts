/** Generations made to order for the tests of stores. */
import { sha256Of } from '../codec.ts'
import type { Generation } from '../store.ts'

/** A valid generation; the text says what it is. */
export function generation(version: number, overrides: Partial<Generation> & { text?: string } = {}): Generation {
  const { text = `{"version":${version}}`, ...rest } = overrides
  const bytes = rest.bytes ?? new TextEncoder().encode(text)
  return {
    environment: 'shop',
    epoch: 0,
    version,
    sha256: sha256Of(bytes),
    dialect: 'goff',
    savedAt: 1_800_000_000_000 + version,
    receivedAt: 1_800_000_000_000,
    bytes,
    ...rest,
  }
}

/** `epoch.version` of each, for comparing orders. */
export function labels(generations: readonly Generation[]): string[] {
  return generations.map(({ epoch, version }) => `${epoch}.${version}`)
}
