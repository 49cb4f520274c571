// A policy as it was set, and what policies make of an object.
import type { NamePattern } from '../../lib/name-pattern.ts'
import type { PolicyDefinition, PolicyRow, PolicyScope } from '../../meta/topology-change.ts'
import type { QueueType } from '../queue-arguments.ts'
import { retainedQueueName } from '../session/session-queue-names.ts'
import { policyKeys } from './policy-keys.ts'

export interface Policy extends PolicyRow {
  readonly matches: NamePattern
}

/** What policies may apply to. */
export type PolicyTarget =
  | { readonly kind: 'exchange'; readonly name: string }
  | { readonly kind: 'queue' | 'topic'; readonly name: string; readonly type: QueueType }

/** What applies to an object; all objects that have the same policies share one. */
export interface EffectivePolicy {
  /** Names, undefined where none applies. */
  readonly policy: string | undefined
  readonly operatorPolicy: string | undefined
  /** What both add up to. */
  readonly definition: PolicyDefinition
}

/** Something that policies apply to. */
export interface PolicySubject {
  readonly policy: EffectivePolicy | undefined
  /** Acts on it at once. True when routes that lead there have to be found again. */
  applyPolicy(policy: EffectivePolicy | undefined): boolean
}

const scopes: Readonly<Record<QueueType, PolicyScope>> = {
  classic: 'classic_queues',
  quorum: 'quorum_queues',
  stream: 'streams',
}

/**
 * Whether it may apply to the object: by pattern, by scope, and no key is foreign to a queue's type. To the queue of
 * retained messages only where the pattern says its name.
 */
export function appliesTo(policy: Policy, target: PolicyTarget): boolean {
  const { applyTo, definition } = policy
  if (target.kind === 'exchange') {
    return (applyTo === 'all' || applyTo === 'exchanges') && policy.matches(target.name)
  }
  const { type, name } = target
  // Who writes one for all queues does not think of MQTT's retained messages, which are in none elsewhere.
  if (name === retainedQueueName && !policy.pattern.includes(name)) return false
  if (applyTo !== 'all' && applyTo !== 'queues' && applyTo !== scopes[type]) return false
  const isUnfit = Object.keys(definition).some(
    (key) => policyKeys[key]?.unfit?.includes(type) === true,
  )
  return !isUnfit && policy.matches(name)
}

/** What a user's and an operator's policy are together; keys of either count. */
export function mergeDefinitions(
  definition: PolicyDefinition = {},
  operators: PolicyDefinition = {},
): PolicyDefinition {
  const merged: Record<string, PolicyDefinition[string]> = { ...definition }
  for (const [key, operatorValue] of Object.entries(operators)) {
    const value = definition[key]
    const merge = policyKeys[key]?.merge
    merged[key] = value === undefined || !merge ? operatorValue : merge(value, operatorValue)
  }
  return merged
}
