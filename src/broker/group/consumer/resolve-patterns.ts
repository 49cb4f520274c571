// Which topics the regular expressions of members stand for. They are RE2's, and have to match the whole name.
import { compileNamePattern, type NamePattern } from '../../../lib/name-pattern.ts'
import type { Steps } from '../../../lib/slices.ts'
import { groupLimits } from '../../../limits/group.ts'
import type { ResolvedPattern } from './group-patterns.ts'
import type { GroupTopics } from './group-topics.ts'

/** Throws PatternError. */
export function compileTopicPattern(pattern: string): NamePattern {
  // By itself first: what is no pattern must not become one by what is put around it.
  compileNamePattern(pattern)
  return compileNamePattern(`^(?:${pattern})$`)
}

/** Looks at every topic. `mayDescribe` says which of them the one that asks may know of. */
export function* resolvePatterns(
  patterns: readonly string[],
  topics: GroupTopics,
  mayDescribe: (topic: string) => boolean,
): Steps<ResolvedPattern[]> {
  const compiled = patterns.map((pattern) => ({
    pattern,
    matches: compileTopicPattern(pattern),
    found: new Set<string>(),
  }))
  let looks = 0
  for (const name of topics.names()) {
    for (const { matches, found } of compiled) {
      if (matches(name) && mayDescribe(name)) found.add(name)
      if (++looks % groupLimits.patternLooksPerStep === 0) yield
    }
  }
  return compiled.map(({ pattern, found }) => ({ pattern, topics: found }))
}
