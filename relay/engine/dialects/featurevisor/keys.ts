/**
 * Flag keys: `feature`, `feature:variation`, `feature:<variable>`, split at the first separator, as the vendor's own
 * OpenFeature provider does. Features that this convention cannot name still exist for features that require them, under
 * internal keys that are not listed.
 */
const SEPARATOR = ':'
const VARIATION = 'variation'

/** The key of a feature's flag. `leak`: the internal flag that a defective SDK evaluates for the sake of a variable. */
export function flagKey(feature: string, leak?: string): string {
  return leak === undefined && isReachable(feature) ? feature : internal('flag', feature, leak)
}

/** The key of a feature's variation; `leak` as above. */
export function variationKey(feature: string, leak?: string): string {
  return leak === undefined && isReachable(feature)
    ? `${feature}${SEPARATOR}${VARIATION}`
    : internal(VARIATION, feature, leak)
}

/** The key of a variable, or undefined when the convention cannot name it. */
export function variableKey(feature: string, variable: string): string | undefined {
  const nameable = isReachable(feature) && variable !== VARIATION && variable !== ''
  return nameable ? `${feature}${SEPARATOR}${variable}` : undefined
}

/** Whether the convention can name the feature. */
export function isReachable(feature: string): boolean {
  return !feature.includes(SEPARATOR)
}

/** `feature:` means `feature`. */
export function plainKey(key: string): string {
  return key.indexOf(SEPARATOR) === key.length - 1 ? key.slice(0, -1) : key
}

/** The feature of a key, and what is asked of it; undefined for the flag itself. */
export function partsOf(key: string): { readonly feature: string; readonly part: string | undefined } {
  const at = key.indexOf(SEPARATOR)
  if (at === -1) return { feature: key, part: undefined }
  return { feature: key.slice(0, at), part: at === key.length - 1 ? undefined : key.slice(at + 1) }
}

/** JSON after a NUL: no two of these collide, and no feature is called so. */
function internal(kind: string, feature: string, leak: string | undefined): string {
  return `\u0000${JSON.stringify([kind, feature, leak ?? null])}`
}
