// Checks what somebody wants to set as a policy. Texts are RabbitMQ's.
import { compileNamePattern, PatternError } from '../../lib/name-pattern.ts'
import type { PolicyDefinition, PolicyRow, PolicyScope } from '../../meta/topology-change.ts'
import { erlangTerm } from './erlang-term.ts'
import { findContradiction, findPolicyKey, refusalOf } from './policy-keys.ts'
import type { Policy } from './policy.ts'

/** What somebody asks for; nothing of it has been looked at. */
export interface PolicyAsked extends Pick<PolicyRow, 'vhost' | 'name' | 'isOperator'> {
  readonly pattern: unknown
  readonly definition: unknown
  /** 0 by default. */
  readonly priority?: unknown
  /** `all` by default. */
  readonly applyTo?: unknown
}

export type CheckedPolicy =
  | { readonly policy: Policy; readonly problems?: undefined }
  | { readonly policy?: undefined; readonly problems: readonly string[] }

const scopes: ReadonlySet<unknown> = new Set<PolicyScope>([
  'all',
  'queues',
  'classic_queues',
  'quorum_queues',
  'streams',
  'exchanges',
])

/** The policy, or all that is wrong with it. */
export function checkPolicy(asked: PolicyAsked): CheckedPolicy {
  const { vhost, name, isOperator, pattern, definition, priority = 0, applyTo = 'all' } = asked
  const found = compile(pattern)
  const problems = [
    checkDefinition(definition, isOperator),
    scopes.has(applyTo)
      ? undefined
      : `apply-to '${textOf(applyTo)}' unrecognised; should be one of: 'queues', ` +
        "'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'",
    found.problem,
    Number.isFinite(priority)
      ? undefined
      : `priority should be a number, actually was ${erlangTerm(priority)}`,
  ].filter((problem) => problem !== undefined)
  if (problems.length > 0 || found.matches === undefined) return { problems }
  const row: PolicyRow = {
    vhost,
    name,
    isOperator,
    pattern: pattern as string,
    definition: definition as PolicyDefinition,
    priority: priority as number,
    applyTo: applyTo as PolicyScope,
  }
  return { policy: { ...row, matches: found.matches } }
}

/** One that was checked when it was set; undefined when this version cannot use its pattern. */
export function restorePolicy(row: PolicyRow): Policy | undefined {
  const { matches } = compile(row.pattern)
  return matches && { ...row, matches }
}

function compile(pattern: unknown): { matches?: Policy['matches']; problem?: string } {
  if (typeof pattern !== 'string') {
    return { problem: `pattern should be a binary but was ${erlangTerm(pattern)}` }
  }
  try {
    return { matches: compileNamePattern(pattern) }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return { problem: `pattern should be regular expression but is invalid: ${error.message}` }
  }
}

function checkDefinition(definition: unknown, isOperator: boolean): string | undefined {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition)) {
    return `definition must be a dictionary: ${erlangTerm(definition)}`
  }
  const values = Object.entries(definition).toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (values.length === 0) return 'no policy provided'
  const unknown: [string, unknown][] = []
  for (const [name, value] of values) {
    const key = findPolicyKey(name, isOperator)
    if (key === undefined) unknown.push([name, value])
    const refusal = key && refusalOf(key, value)
    if (refusal !== undefined) return refusal
  }
  const contradiction = findContradiction(definition as PolicyDefinition)
  if (contradiction !== undefined) return contradiction
  if (unknown.length === 0) return undefined
  const terms = unknown.map(([name, value]) => `{${erlangTerm(name)},${erlangTerm(value)}}`)
  return `[${terms.join()}] are not recognised policy settings`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : erlangTerm(value)
}
