/** A table of AMQP as rabbitmqctl prints it: `[{"x-max-length",10}]`. */
export function erlangTerm(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(erlangTerm).join(',')}]`
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || value === undefined) return 'undefined'
  if (typeof value !== 'object') return JSON.stringify(value)
  const pairs = Object.entries(value).map(
    ([name, each]) => `{${JSON.stringify(name)},${erlangTerm(each)}}`,
  )
  return `[${pairs.join(',')}]`
}
