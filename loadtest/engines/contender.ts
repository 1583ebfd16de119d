/** A vendor's npm SDK as an opponent of the engine: the same document, the same users, each in its own words. */
import type { User } from '../documents.ts'

export interface Opponent {
  /** npm name, for the report. */
  readonly package: string
  /** Evaluates one flag for the user at that index. A promise where the SDK gives nothing else. */
  readonly ask: (flag: string, user: number) => unknown
}

export interface Contender {
  readonly dialect: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly document: object
  readonly flags: readonly string[]
  readonly type: 'boolean' | 'string'
  /** Makes the context that our engine is given. Default: the user itself. */
  readonly contextOf?: (user: User) => Readonly<Record<string, unknown>>
  /** Whether the SDK answers with promises, which are awaited one by one. */
  readonly asynchronous: boolean
  /** Starts the SDK, without network, and prepares all users in its form ahead. */
  readonly opponent: (users: readonly User[]) => Promise<Opponent>
}

/** As many flags as an application of middle size has; many live at once, so that no inline cache sees only one. */
export const FLAGS = 60
export const keys: readonly string[] = Array.from({ length: FLAGS }, (_, index) => `flag-${index}`)

/** The kinds of flags, evenly mixed: everyone, by attributes, by attributes and then a share of the rest, a share. */
export const kindOf = (index: number): 'everyone' | 'attributes' | 'both' | 'share' =>
  (['everyone', 'attributes', 'both', 'share'] as const)[index % 4] ?? 'everyone'

/** Of 100. */
export const shareOf = (index: number): number => 10 + ((index * 17) % 80)

export const COUNTRIES: readonly (readonly string[])[] = [
  ['NL', 'DE', 'FR'],
  ['US', 'BR'],
  ['IN', 'JP', 'GB', 'DE'],
]
export const countriesOf = (index: number): readonly string[] => COUNTRIES[index % COUNTRIES.length] ?? []
