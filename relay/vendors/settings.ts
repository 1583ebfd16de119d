/**
 * What vendors' checks of their settings have in common: an address or a file, an address that paths can be appended to,
 * options that the dialect accepts. Said once, so that every vendor says it in the same words.
 */
import type { SettingsProblem, UpstreamSettings, Vendor } from './vendor.ts'

/** Why a document can be fetched from neither or both; undefined when exactly one is given. `missing` names what to give. */
export function originProblem({ url, file }: UpstreamSettings, missing: string): SettingsProblem | undefined {
  if (url === undefined && file === undefined) return { path: 'url', message: missing }
  if (url !== undefined && file !== undefined) return { path: 'url', message: 'give either url or file, not both' }
  return undefined
}

/** A web address without user, query and fragment, to which a vendor appends its own paths; undefined for any other. */
export function baseAddress(url: string): URL | undefined {
  const parsed = webAddress(url)
  if (parsed === undefined) return undefined
  return `${parsed.username}${parsed.password}${parsed.search}${parsed.hash}` === '' ? parsed : undefined
}

/** Any http or https address; undefined for other schemes and for what is no address. */
export function webAddress(url: string): URL | undefined {
  const parsed = URL.parse(url)
  return parsed !== null && /^https?:$/.test(parsed.protocol) ? parsed : undefined
}

/** The problems among the findings of single settings; undefined is a setting in order. */
export function problemsAt(findings: Readonly<Record<string, string | undefined>>): SettingsProblem[] {
  return Object.entries(findings).flatMap(([path, message]) => (message === undefined ? [] : [{ path, message }]))
}

/** What is wrong with the options, in the words of whoever reads them; empty when nothing is. */
export function optionsProblems(
  { options = {} }: UpstreamSettings,
  read: (options: Readonly<Record<string, unknown>>) => unknown,
): SettingsProblem[] {
  try {
    read(options)
    return []
  } catch (error) {
    return [{ path: 'options', message: error instanceof Error ? error.message : String(error) }]
  }
}

/** The options that are the dialect's. */
export function dialectOptions(
  { ownOptions = [] }: Vendor,
  { options = {} }: UpstreamSettings,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !ownOptions.includes(name)))
}

/** What `connect` throws when it is called although `check` would have found a fault. */
export function uncheckedSettings(): Error {
  return new Error('connect needs settings that check finds no fault in')
}
