/** FeatBit keeps lists as JSON inside a text. They are parsed here, once, the way the evaluation server parses them. */

/** The members of a JSON list of texts; undefined for JSON `null`. Throws for anything else. */
export function listOfTexts(json: string): (string | null)[] | undefined {
  const value: unknown = JSON.parse(json)
  if (value === null) return undefined
  if (!Array.isArray(value)) throw new TypeError('is not a JSON list')
  return value.map((item: unknown) => {
    if (typeof item !== 'string' && item !== null) throw new TypeError('is a JSON list with members that are not texts')
    return item
  })
}
