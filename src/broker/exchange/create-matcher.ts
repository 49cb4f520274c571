// The exchange types by name.
import type { Random } from '../../lib/random.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import { preconditionFailed } from '../broker-error.ts'
import type { QueueLike } from './binding.ts'
import { ConsistentHashMatcher } from './consistent-hash-matcher.ts'
import { DirectMatcher } from './direct-matcher.ts'
import { FanoutMatcher } from './fanout-matcher.ts'
import { HeadersMatcher } from './headers-matcher.ts'
import { LocalRandomMatcher } from './local-random-matcher.ts'
import type { Matcher } from './matcher.ts'
import { ModulusHashMatcher } from './modulus-hash-matcher.ts'
import { RandomMatcher } from './random-matcher.ts'
import { TopicPatternMatcher } from './topic-pattern-matcher.ts'

/** What a lookup may need besides bindings. */
export interface MatcherContext {
  /** Of the exchange. */
  readonly arguments: FieldTable
  readonly random: Random
}

const matchers = {
  direct: () => new DirectMatcher(),
  fanout: () => new FanoutMatcher(),
  headers: () => new HeadersMatcher(),
  topic: () => new TopicPatternMatcher(),
  'x-consistent-hash': (context) => new ConsistentHashMatcher(context.arguments),
  'x-local-random': ({ random }) => new LocalRandomMatcher(random),
  // It deduplicates, see `MessageIds`; routing is that of fanout.
  'x-message-deduplication': () => new FanoutMatcher(),
  'x-modulus-hash': () => new ModulusHashMatcher(),
  'x-random': ({ random }) => new RandomMatcher(random),
  // It remembers, see `MessageHistory`; routing is that of fanout.
  'x-recent-history': () => new FanoutMatcher(),
} as const satisfies Record<string, <Q extends QueueLike>(context: MatcherContext) => Matcher<Q>>

/** Who chooses one of the bindings, where not each that matches is followed. */
const choices: Partial<Record<keyof typeof matchers, Choice>> = {
  'x-consistent-hash': 'hash',
  'x-local-random': 'chance',
  'x-modulus-hash': 'hash',
  'x-random': 'chance',
}

export type Choice = 'hash' | 'chance'

/** How an exchange that routes as `type` chooses among its bindings; undefined: it follows each that matches. */
export function choiceOf(type: string): Choice | undefined {
  return choices[type as keyof typeof matchers]
}

/** Names of the types. */
export const exchangeTypes: readonly string[] = Object.keys(matchers)

/** Throws `precondition_failed` for a type that does not exist. */
export function checkExchangeType(type: string): void {
  if (!Object.hasOwn(matchers, type)) throw preconditionFailed(`unknown exchange type '${type}'`)
}

/** An empty lookup for an exchange of `type`. Throws `precondition_failed` for one that cannot be. */
export function createMatcher<Q extends QueueLike>(
  type: string,
  context: MatcherContext,
): Matcher<Q> {
  checkExchangeType(type)
  return matchers[type as keyof typeof matchers](context)
}
