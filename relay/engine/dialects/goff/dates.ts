/**
 * Moments in documents and contexts: RFC 3339, and in documents also the shorter forms that YAML calls a timestamp.
 * JavaScript's own reading of dates takes more than that and depends on the machine's time zone.
 */

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/
const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d?):(\d\d?)(?:\.(\d+))?[ \t]*(?:Z|([+-])(\d\d?):?(\d\d)?)?)?$/

/** Milliseconds since the epoch, with fractions where the text has them; undefined for any other text. */
export function parseRfc3339(text: string): number | undefined {
  return momentOf(RFC3339.exec(text))
}

/** As `parseRfc3339`; without a zone a timestamp is in UTC, without a time it is midnight. */
export function parseTimestamp(text: string): number | undefined {
  return momentOf(RFC3339.exec(text) ?? TIMESTAMP.exec(text))
}

function momentOf(found: RegExpExecArray | null): number | undefined {
  if (found === null) return undefined
  const part = (index: number): number => Number(found[index] ?? 0)
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(part)
  if (year === undefined || month === undefined || day === undefined) return undefined
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59 || part(9) > 23 || part(10) > 59) return undefined
  const date = new Date(0)
  // The constructor and Date.UTC take years below 100 for years of the twentieth century.
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  date.setUTCHours(hour ?? 0, minute ?? 0, second ?? 0)
  const offset = (part(9) * 60 + part(10)) * 60_000 * (found[8] === '-' ? -1 : 1)
  return date.getTime() - offset + Number(`0.${found[7] ?? '0'}`) * 1_000
}
