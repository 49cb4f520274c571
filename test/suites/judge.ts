// Compares what a suite's tests did with what is known of them.

import type { Outcomes } from './read-results.ts'
import type { Suite } from './suite.ts'

/** What is kept of one run. */
export interface SuiteResult {
  readonly commit: string
  readonly passed: number
  readonly total: number
  /** Reason → number of tests that cannot pass for it. */
  readonly hopeless: Readonly<Record<string, number>>
  /** Tests that did not pass, and should have. */
  readonly failed: readonly string[]
}

/** Result of a run, and what of it is a surprise. */
export function judge(
  suite: Suite,
  outcomes: Outcomes,
): { result: SuiteResult; surprises: readonly string[] } {
  const hopeless: Record<string, number> = {}
  const [failed, surprises]: [string[], string[]] = [[], []]
  for (const [test, outcome] of outcomes) {
    if (outcome === 'passed') continue
    const reason = suite.hopeless.find(({ tests }) => tests.test(test))?.reason
    if (reason === undefined) failed.push(test)
    else hopeless[reason] = (hopeless[reason] ?? 0) + 1
  }
  for (const { reason, tests, isSometimes } of suite.hopeless) {
    if (isSometimes) continue
    const named = [...outcomes].filter(([test]) => tests.test(test))
    if (named.every(([, outcome]) => outcome === 'passed'))
      surprises.push(`no test fails any more because it ${reason}: take it out of suites.ts`)
  }
  if (outcomes.size === 0) surprises.push('it ran no test')
  surprises.push(...failed.map((test) => `failed: ${test}`))
  const passed = [...outcomes.values()].filter((outcome) => outcome === 'passed').length
  const result = { commit: suite.commit, passed, total: outcomes.size, hopeless, failed }
  return { result, surprises }
}
