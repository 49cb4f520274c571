// What the generated messages share: values of absent fields, and refusals of values that the
// program may not set.

/** The UUID that stands for none. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

export const emptyBuffer: Buffer = Buffer.alloc(0)

/** For a field that may be null in other versions than the one being written. */
export function notNull<T>(value: T | null): T {
  if (value === null) throw new RangeError('null in a field that has none in this version')
  return value
}

/** For a set field that the version lacks and that may not be dropped silently. */
export function refuseField(field: string, version: number): never {
  throw new RangeError(`${field} is not in version ${version}`)
}
