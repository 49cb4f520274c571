// The exchange types by name.
import { preconditionFailed } from '../broker-error.ts'
import type { QueueLike } from './binding.ts'
import { DirectMatcher } from './direct-matcher.ts'
import { FanoutMatcher } from './fanout-matcher.ts'
import { HeadersMatcher } from './headers-matcher.ts'
import type { Matcher } from './matcher.ts'
import { TopicPatternMatcher } from './topic-pattern-matcher.ts'

const matchers = {
  direct: DirectMatcher,
  fanout: FanoutMatcher,
  headers: HeadersMatcher,
  topic: TopicPatternMatcher,
} as const

/** Throws `precondition_failed` for a type that does not exist. */
export function checkExchangeType(type: string): void {
  if (!Object.hasOwn(matchers, type)) throw preconditionFailed(`unknown exchange type '${type}'`)
}

/** An empty lookup for an exchange of `type`, which must exist. */
export function createMatcher<Q extends QueueLike>(type: string): Matcher<Q> {
  checkExchangeType(type)
  return new matchers[type as keyof typeof matchers]<Q>()
}
