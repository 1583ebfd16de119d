/** FeatBit keeps lists as JSON inside a text. They are parsed here, once, the way the evaluation server parses them. */

/** As `listOfTexts`, where a null among the members is not a text either. */
export function listOfIds(json: string): string[] | undefined {
  return listOfTexts(json)?.map((id) => {
    if (id === null) throw new TypeError('is a JSON list with a null among its members')
    return id
  })
}

/** The members of a JSON list of texts or nulls; undefined for JSON `null`. Throws for anything else. */
export function listOfTexts(json: string): (string | null)[] | undefined {
  const value: unknown = JSON.parse(json)
  if (value === null) return undefined
  if (!Array.isArray(value)) throw new TypeError('is not a JSON list')
  return value.map((item: unknown) => {
    if (typeof item !== 'string' && item !== null) throw new TypeError('is a JSON list with members that are not texts')
    return item
  })
}
