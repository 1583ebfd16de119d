/**
 * Who a set of values is for. Values are kept, cached, shared between tabs and handed from server to browser under the
 * hash of the *whole* context: under the targeting key alone, one user would see another's flags after a change of plan.
 */
import type { EvaluationContext } from '@openfeature/web-sdk'

/** A short text that is equal for equal contexts, whatever the order of their members; the same on server and browser. */
export function contextHash(context: EvaluationContext): string {
  return digest(canonical(context))
}

/** JSON with sorted members. Dates are their ISO text, as on the wire. */
function canonical(context: EvaluationContext): string {
  return JSON.stringify(context, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

const LANES = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f]

/** 128 bits in base 36. Not for secrets: it keeps things apart, nobody gains by making two of them equal. */
export function digest(text: string): string {
  return LANES.map((prime, lane) => {
    let hash = prime ^ lane
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), prime)
      hash ^= hash >>> (13 + lane)
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
    return ((hash ^ (hash >>> 15)) >>> 0).toString(36)
  }).join('-')
}
