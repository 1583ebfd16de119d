/**
 * The dialect of relays among themselves: a vendor's document in an envelope that says whose it is and how it was read,
 * so that a second relay or a provider answers exactly as the first one and under the same revision.
 */
import type { Wrapped, Wrapper } from '../../dialect.ts'
import { unwrap, unwrapParsed } from '../../envelope.ts'

export const halyard: Wrapper = {
  name: 'halyard',
  unwrap(document: string | Uint8Array | object): Wrapped {
    return typeof document === 'string' || document instanceof Uint8Array ? unwrap(document) : unwrapParsed(document)
  },
}
