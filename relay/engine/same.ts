/**
 * Whether two pieces of a document read the same: as their JSON texts would tell, without writing them. The order of
 * members counts, since rules may depend on it; what JSON does not know is left to its text.
 */

/** For data that JSON can hold. What it takes for different may be written alike, not the other way round. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) && Array.isArray(other)) return isSameList(one, other)
  if (isPlain(one) && isPlain(other)) return isSameObject(one, other)
  return JSON.stringify(one) === JSON.stringify(other)
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (!isSame(one[index], other[index])) return false
  return true
}

function isSameObject(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(one)
  const others = Object.keys(other)
  if (names.length !== others.length) return false
  for (let index = 0; index < names.length; index++) {
    const name = names[index] ?? ''
    if (name !== others[index] || !isSame(one[name], other[name])) return false
  }
  return true
}

/** An own `toJSON` may say anything. */
function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && typeof Reflect.get(value, 'toJSON') !== 'function'
}
