/** All different error codes of an answer of Kafka's protocol, in their order; none when all is well. */
export function codesIn(answer: unknown): number[] {
  const codes = new Set<number>()
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return
    if ('errorCode' in value && value.errorCode !== 0) codes.add(value.errorCode as number)
    for (const each of Object.values(value)) look(each)
  }
  look(answer)
  return [...codes]
}
