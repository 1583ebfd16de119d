/**
 * IP addresses and networks, as strict as the vendor's SDK: no octet with a leading zero, IPv4 and IPv6 never compared
 * with each other, an IPv4 address inside an IPv6 one counts as IPv6. Parsed at loading, except for the caller's own.
 */

/** An address with the length of its prefix; without one the prefix is the whole address. */
export interface Address {
  /** In groups of 16 bits: two for IPv4, eight for IPv6. */
  readonly groups: readonly number[]
  readonly prefix: number
}

const OCTET = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`)
const IPV4_PREFIX = /\/(\d{1,2})$/
const IPV6_PREFIX = /\/(\d{1,3})(?=%|$)/
const LINE_END = /[\n\r\u2028\u2029]/
/** Five digits in a group, more than two colons, a colon at either end that is no pair. */
const MALFORMED = /[^0-9a-f:]|[0-9a-f]{5,}|:{3,}|[^:]:$|^:[^:]/i
/** Eight groups, of which the last two may be written as IPv4. */
const LONGEST = 45

/** An IPv4 address or network; undefined for anything else. */
export function parseIpv4(text: string): Address | undefined {
  const prefix = Number(IPV4_PREFIX.exec(text)?.[1] ?? 32)
  const groups = ipv4Groups(text.replace(IPV4_PREFIX, ''))
  return groups === undefined || prefix > 32 ? undefined : { groups, prefix }
}

/** An IPv6 address or network, a zone after `%` aside; undefined for anything else. */
export function parseIpv6(text: string): Address | undefined {
  const prefix = Number(IPV6_PREFIX.exec(text)?.[1] ?? 128)
  const bare = text.replace(IPV6_PREFIX, '')
  if (prefix > 128 || bare.includes('/')) return undefined
  // By index: a pattern for the zone takes quadratic time where `%` repeats.
  const zone = bare.indexOf('%')
  const address = zone === -1 ? bare : bare.slice(0, zone)
  if (address.length > LONGEST || LINE_END.test(bare)) return undefined
  const groups = ipv6Groups(address)
  return groups === undefined ? undefined : { groups, prefix }
}

/** Whether every address that `inner` stands for lies in `outer`; false across families. */
export function contains(outer: Address, inner: Address): boolean {
  if (outer.groups.length !== inner.groups.length || inner.prefix < outer.prefix) return false
  return outer.groups.every((group, index) => {
    const bits = Math.min(16, Math.max(0, outer.prefix - index * 16))
    const mask = (0xffff << (16 - bits)) & 0xffff
    return (group & mask) === ((inner.groups[index] ?? 0) & mask)
  })
}

/** Whether both name one address, whatever their prefixes. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.groups.length === b.groups.length && a.groups.every((group, index) => group === b.groups[index])
}

function ipv4Groups(text: string): number[] | undefined {
  const octets = IPV4.exec(text)?.slice(1).map(Number)
  if (octets === undefined) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = octets
  return [a * 256 + b, c * 256 + d]
}

function ipv6Groups(text: string): number[] | undefined {
  const last = text.slice(text.lastIndexOf(':') + 1)
  const embedded = ipv4Groups(last)?.map((group) => group.toString(16))
  const hex = embedded === undefined ? text : `${text.slice(0, text.length - last.length)}${embedded.join(':')}`
  if (MALFORMED.test(hex)) return undefined
  const halves = hex.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [first = [], rest] = halves
  if (halves.length > 2) return undefined
  const missing = 8 - first.length - (rest?.length ?? 0)
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined
  const zeros = Array.from({ length: missing }, () => '0')
  return [...first, ...zeros, ...(rest ?? [])].map((group) => Number.parseInt(group, 16))
}
