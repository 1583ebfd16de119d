/**
 * Addresses the relay never connects to: link-local ranges and the clouds' metadata services. Without this a redirect,
 * or a DNS name that resolves to 169.254.169.254, would turn the relay into a reader of its machine's credentials.
 */
import { lookup } from 'node:dns'
import type { LookupAddress, LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

/** The `code` of the error that a refused address causes. */
export const FORBIDDEN_ADDRESS = 'FORBIDDEN_ADDRESS'

const forbidden = new BlockList()
for (const [network, prefix] of [
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
] as const) {
  forbidden.addSubnet(network, prefix, 'ipv4')
  // The same address written inside IPv6: mapped, compatible and behind NAT64.
  for (const carrier of ['::ffff:', '::', '64:ff9b::']) forbidden.addSubnet(`${carrier}${network}`, 96 + prefix, 'ipv6')
}
forbidden.addSubnet('fe80::', 10, 'ipv6')
forbidden.addAddress('fd00:ec2::254', 'ipv6')
forbidden.addAddress('fd20:ce::254', 'ipv6')

/** True for a literal address in a denied range; `[…]` and zone ids are understood. Names are judged on look-up. */
export function isForbiddenAddress(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const family = isIP(address)
  return family !== 0 && forbidden.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** `resolveName` as `dns.lookup` does, and an error when any address found is denied: half an answer is a trap too. */
export function guardedLookup(resolveName: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    const all: LookupOptions & { all: true } = { ...options, all: true }
    resolveName(hostname, all, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? []
      if (error !== null) callback(error, '', 0)
      else if (first === undefined) callback(refusal('ENOTFOUND'), '', 0)
      else if (addresses.some(({ address }) => isForbiddenAddress(address))) callback(refusal(FORBIDDEN_ADDRESS), '', 0)
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

function refusal(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error('the name resolves to no address that may be contacted'), { code })
}
