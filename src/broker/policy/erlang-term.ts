/** Nobody reads what is in more of each other, and the stack ends somewhere. */
const depthMax = 16

/**
 * A value of JSON as Erlang prints it (`~tp`): this is how RabbitMQ quotes what it refuses, and what
 * people search for. Names of a map are sorted; what is very deep is `...`, as Erlang writes it (`~tP`).
 */
export function erlangTerm(value: unknown, depth = 0): string {
  if (typeof value === 'string') return binary(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if (depth === depthMax) return '...'
  const inner = (item: unknown): string => erlangTerm(item, depth + 1)
  if (Array.isArray(value)) return `[${value.map(inner).join()}]`
  const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `#{${pairs.map(([name, item]) => `${binary(name)} => ${inner(item)}`).join()}}`
}

function binary(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const isAscii = /^[\0-\x7f]*$/.test(text)
  return `<<${JSON.stringify(text)}${isAscii ? '' : '/utf8'}>>`
}
