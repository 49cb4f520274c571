/** Whether a routing key fits the pattern of a topic exchange: `*` is one word, `#` any number. */
export function matchesTopic(pattern: string, routingKey: string): boolean {
  return fits(pattern.split('.'), routingKey.split('.'))
}

function fits(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#') {
    return words.length > 0 ? fits(rest, words) || fits(pattern, words.slice(1)) : fits(rest, words)
  }
  if (words.length === 0 || (first !== '*' && first !== words[0])) return false
  return fits(rest, words.slice(1))
}
