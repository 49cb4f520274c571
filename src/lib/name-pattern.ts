// Regular expressions that users give the broker for the names of things. They run in linear time, by
// RE2's rules: nobody can write one that the broker hangs in. RE2 has no lookahead; one at the start of an
// anchored pattern, which is how names are left out (`^(?!amq\.)`), is matched as a pattern of its own.
import { createRequire } from 'node:module'
import type * as Re2 from 're2js'
import { patternLimits } from '../limits/pattern.ts'

/** Says whether the pattern is found anywhere in a name. */
export type NamePattern = (name: string) => boolean

/** The pattern cannot be used; the message says why. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

interface Lookahead {
  readonly isNegative: boolean
  readonly pattern: string
}

const load = createRequire(import.meta.url)
let re2: typeof Re2 | undefined

/** Loads the library with the first pattern: most brokers have none. Throws `PatternError`. */
export function compileNamePattern(pattern: string): NamePattern {
  if (Buffer.byteLength(pattern) > patternLimits.sizeMax) {
    throw new PatternError(`it has more than ${patternLimits.sizeMax} bytes`)
  }
  const { lookaheads, rest } = splitLookaheads(pattern)
  if (lookaheads.length === 0) return compileRe2(pattern)
  const main = compileRe2(`^(?:${rest})`)
  const conditions = lookaheads.map(({ isNegative, pattern: inner }) => {
    const isThere = compileRe2(`^(?:${inner})`)
    return isNegative ? (name: string) => !isThere(name) : isThere
  })
  return (name) => main(name) && conditions.every((holds) => holds(name))
}

function compileRe2(pattern: string): NamePattern {
  // Before it is compiled: that takes time, too.
  if (roughSizeOf(pattern) > 2 * patternLimits.instructionsMax) throw tooLarge()
  re2 ??= load('re2js') as typeof Re2
  const { RE2JS, RE2JSException } = re2
  try {
    const compiled = RE2JS.compile(pattern)
    if (compiled.programSize() > patternLimits.instructionsMax) {
      throw tooLarge()
    }
    return (name) => compiled.test(name)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    throw new PatternError(reasonOf(error.message))
  }
}

/** Patterns come from RabbitMQ, whose PCRE takes more. */
function reasonOf(message: string): string {
  const reason = message.replace('error parsing regexp: ', '')
  const isOfPcre = /Perl syntax|named capture|invalid escape/.test(reason)
  return isOfPcre ? `${reason}; ${absent}` : reason
}

const absent =
  "RE2 has no lookbehinds and backreferences, and lookaheads only at the start: '^(?!a)b'"

function tooLarge(): PatternError {
  return new PatternError('it is too large: name fewer things or repeat less')
}

/** At least the number of instructions, once repeats are written out; seldom twice as many. */
function roughSizeOf(pattern: string): number {
  const repeat = /\{(\d+)(?:,(\d*))?\}/y
  /** Of each group that is open: its size, and that of its last part. */
  const groups = [{ size: 0, last: 0 }]
  for (const { text, index } of tokensFrom(pattern, 0)) {
    const group = groups.at(-1)!
    repeat.lastIndex = index
    const [, least, most = least] = repeat.exec(pattern) ?? []
    if (text === '(') groups.push({ size: 2, last: 0 })
    else if (text === ')' && groups.length > 1) {
      groups.pop()
      addTo(groups.at(-1)!, group.size)
    } else if (least !== undefined) {
      const times = Math.max(1, Number(most === '' ? least : most)) + 1
      group.size += group.last * (times - 1)
      group.last *= times
    } else addTo(group, text.startsWith('\\Q') ? text.length : 1)
  }
  return groups.reduce((sum, { size }) => sum + size, 0)
}

function addTo(group: { size: number; last: number }, size: number): void {
  group.size += size
  group.last = size
}

/** `^(?!a)(?=b)c` → not `a`, `b`, `c`. */
function splitLookaheads(pattern: string): { lookaheads: Lookahead[]; rest: string } {
  const lookaheads: Lookahead[] = []
  let at = pattern.startsWith('^') ? 1 : pattern.length
  for (;;) {
    const start = pattern.slice(at, at + 3)
    if (start !== '(?!' && start !== '(?=') break
    const end = endOfGroup(pattern, at + 3)
    if (end === undefined) break
    lookaheads.push({ isNegative: start === '(?!', pattern: pattern.slice(at + 3, end) })
    at = end + 1
  }
  const rest = pattern.slice(at)
  if (lookaheads.length > 0 && hasBareAlternative(rest)) {
    throw new PatternError('a lookahead with alternatives behind it: put these in parentheses')
  }
  // A brace without a number is one that topic permissions fill in: `^{username}`.
  if (lookaheads.length > 0 && /^(?:[*+?]|\{\d)/.test(rest)) {
    throw new PatternError('a lookahead cannot be repeated')
  }
  return { lookaheads, rest }
}

/** Where the group ends that has begun before `at`; undefined when it does not. */
function endOfGroup(pattern: string, at: number): number | undefined {
  let depth = 1
  for (const { text, index } of tokensFrom(pattern, at)) {
    if (text === '(') depth++
    else if (text === ')' && --depth === 0) return index
  }
  return undefined
}

/** Whether `pattern` has a `|` outside of all groups. */
function hasBareAlternative(pattern: string): boolean {
  let depth = 0
  for (const { text } of tokensFrom(pattern, 0)) {
    if (text === '(') depth++
    else if (text === ')') depth--
    else if (text === '|' && depth === 0) return true
  }
  return false
}

/** Escapes and classes (`\(`, `[(]`) as one token each, everything else as single characters. */
function* tokensFrom(pattern: string, at: number): Generator<{ text: string; index: number }> {
  const token = /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\\[^]|\[:\w+:\]|[^\]\\])*\]|[^]/gy
  token.lastIndex = at
  for (let match = token.exec(pattern); match !== null; match = token.exec(pattern)) {
    yield { text: match[0], index: match.index }
  }
}
