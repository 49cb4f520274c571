/**
 * A value of JSON as Erlang prints it (`~tp`): this is how RabbitMQ quotes what it refuses, and what
 * people search for. Names of a map are sorted.
 */
export function erlangTerm(value: unknown): string {
  if (typeof value === 'string') return binary(value)
  if (Array.isArray(value)) return `[${value.map(erlangTerm).join()}]`
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `#{${pairs.map(([name, item]) => `${binary(name)} => ${erlangTerm(item)}`).join()}}`
  }
  return JSON.stringify(value) ?? 'undefined'
}

function binary(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const isAscii = /^[\0-\x7f]*$/.test(text)
  return `<<${JSON.stringify(text)}${isAscii ? '' : '/utf8'}>>`
}
