/** All different error codes of an answer of Kafka's protocol, in their order; none when all is well. */
export function codesIn(answer: unknown): number[] {
  const codes = new Set<number>()
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return
    for (const name of ['errorCode', 'partitionErrorCode']) {
      const code = (value as Readonly<Record<string, unknown>>)[name]
      if (typeof code === 'number' && code !== 0) codes.add(code)
    }
    for (const each of Object.values(value)) look(each)
  }
  look(answer)
  return [...codes]
}
