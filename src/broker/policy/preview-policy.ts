// What a pattern fits and what a policy with it would change: for who writes one. Nothing is set.
import type { Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { Destination } from '../destination.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { VHost } from '../vhost.ts'
import { appliesTo, type Policy } from './policy.ts'

type Subject = Destination | Exchange<Destination>

/** Something that a policy would be for. */
export interface PreviewedSubject {
  readonly kind: Subject['kind']
  readonly name: string
  /** The policy that is in force now; of the same kind, a user's or an operator's. */
  readonly policyNow: string | undefined
  /** Whether the new one would be in force. */
  readonly wins: boolean
}

export interface PolicyPreview {
  /** Of each: how many there are, and how many the policy is for. */
  readonly streams: { total: number; matched: number }
  readonly exchanges: { total: number; matched: number }
  /** For how many it would be in force: no other of a higher priority is. */
  wins: number
  /** For how many the policy of this name is in force now, and would not be any more. */
  leaves: number
  /** The first of those that it is for. */
  readonly examples: PreviewedSubject[]
}

/** `policy` counts as set in place of that of its name. */
export function* previewPolicy(vhost: VHost<Destination>, policy: Policy): Steps<PolicyPreview> {
  const preview: PolicyPreview = {
    streams: { total: 0, matched: 0 },
    exchanges: { total: 0, matched: 0 },
    wins: 0,
    leaves: 0,
    examples: [],
  }
  for (const stream of vhost.queues()) {
    yield
    preview.streams.total++
    if (look(vhost, policy, stream, preview)) preview.streams.matched++
  }
  for (const exchange of vhost.exchanges()) {
    yield
    // No policy is for it.
    if (exchange.name === '') continue
    preview.exchanges.total++
    if (look(vhost, policy, exchange, preview)) preview.exchanges.matched++
  }
  return preview
}

/** Whether the policy is for the subject. */
function look(
  { policies }: VHost<Destination>,
  policy: Policy,
  subject: Subject,
  preview: PolicyPreview,
): boolean {
  const list = policies.list(policy.isOperator)
  const now = list.find((each) => appliesTo(each, subject))
  const isFor = appliesTo(policy, subject)
  const other = list.find((each) => each.name !== policy.name && appliesTo(each, subject))
  const wins = isFor && (other === undefined || comesFirst(policy, other))
  if (wins) preview.wins++
  if (now?.name === policy.name && !wins) preview.leaves++
  if (isFor && preview.examples.length < brokerLimits.previewedMax) {
    const { kind, name } = subject
    preview.examples.push({ kind, name, policyNow: now?.name, wins })
  }
  return isFor
}

function comesFirst(policy: Policy, other: Policy): boolean {
  if (policy.priority !== other.priority) return policy.priority > other.priority
  return policy.name < other.name
}
