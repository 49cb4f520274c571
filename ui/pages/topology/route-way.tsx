// The way of a message that was tested: what each exchange does with it, why, and where it ends.
import type { JSX } from 'preact'
import type {
  RouteDestinationJson,
  RouteStepJson,
  RouteTestJson,
  RouteWayJson,
} from '../../../src/admin/v1/route-test-operation.ts'
import type { TopologyEdgeJson } from '../../../src/admin/v1/topology-json.ts'
import { counted } from '../../lib/format.ts'
import { urlOf } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { Badge } from '../../parts/badge.tsx'
import { Name } from '../../parts/values.tsx'
import { bindingText, nodeName } from './words.ts'

export interface RouteWayProps {
  readonly result: RouteTestJson
  readonly edges: readonly TopologyEdgeJson[]
  /** How many steps are lit. */
  readonly litSteps: number
  readonly vhost: string
}

/** What the broker answered, step by step. */
export function RouteWay({ result, edges, litSteps, vhost }: RouteWayProps): JSX.Element {
  return (
    <section class="route-way" aria-label="The way of the message">
      <p class={result.routed ? 'route-verdict' : 'route-verdict route-lost'} role="status">
        {verdictOf(result)}
      </p>
      <ol class="route-steps">
        {result.steps.map((step, index) => (
          <Step key={index} step={step} edges={edges} isLit={index < litSteps} />
        ))}
      </ol>
      {result.destinations.length > 0 && (
        <ul class="route-ends">
          {result.destinations.map((end) => (
            <DestinationLine key={end.name} end={end} vhost={vhost} />
          ))}
        </ul>
      )}
      {result.left_off && <p class="soft">There are more steps and queues than are told.</p>}
    </section>
  )
}

function verdictOf({
  routed,
  replies_directly: isReply,
  destinations,
  steps,
}: RouteTestJson): string {
  if (isReply) return 'It is an answer: it goes straight to the client that asked.'
  if (steps.some(({ outcome }) => outcome === 'delayed')) {
    return 'It waits at its exchange first; where it goes is found when it is due.'
  }
  if (!routed) {
    return 'Unroutable: no queue gets it. It is dropped, or returned to a publisher that asked for that (mandatory).'
  }
  const isSure = destinations.every(({ certain }) => certain)
  const names = destinations.map(({ name }) => plainName(name))
  const where =
    names.length <= 3
      ? names.join(names.length === 2 ? ' and ' : ', ')
      : counted(names.length, 'queue or topic', 'queues and topics')
  return isSure ? `It comes to ${where}.` : `It may come to ${where}: chance chooses.`
}

interface StepProps {
  readonly step: RouteStepJson
  readonly edges: readonly TopologyEdgeJson[]
  readonly isLit: boolean
}

function Step({ step, edges, isLit }: StepProps): JSX.Element {
  const { exchange, type, outcome, leads_to: ways, alternate, chosen_by: choice } = step
  const { direct_clients: direct } = step
  return (
    <li class={isLit ? 'route-step route-step-lit' : 'route-step'}>
      <p>
        <b class="mono">{nodeName({ kind: 'exchange', name: exchange })}</b>{' '}
        <span class="soft">{type}</span> {outcomeBadge(outcome)}
        {choice !== null && <span class="soft"> one of them, by {choice}</span>}
      </p>
      <ul>
        {ways.map((way) => (
          <li key={`${way.destination_type} ${way.destination}`}>
            <span aria-hidden="true">→ </span>
            <Name value={way.destination} />
            <span class="soft"> {reasonOf(way, type)}</span>
          </li>
        ))}
        {direct > 0 && (
          <li>
            <span aria-hidden="true">→ </span>
            {counted(direct, 'MQTT client')} at once
            <span class="soft"> by subscriptions of QoS 0</span>
          </li>
        )}
        {unmatchedOf(step, edges).map(({ to, text }) => (
          <li key={`${to} ${text}`} class="soft">
            <span aria-hidden="true">✕ </span>
            not to <span class="mono">{to}</span>: {text} does not match
          </li>
        ))}
        {alternate !== null && (
          <li>
            <span aria-hidden="true">→ </span>
            <Name value={alternate.name} />
            <span class={alternate.is_there ? 'soft' : 'route-lost'}>
              {alternate.is_there
                ? ' its alternate, as nothing matched'
                : ' its alternate, which is not there'}
            </span>
          </li>
        )}
      </ul>
    </li>
  )
}

function outcomeBadge(outcome: RouteStepJson['outcome']): JSX.Element {
  switch (outcome) {
    case 'matched':
      return <Badge tone="good">matched</Badge>
    case 'unmatched':
      return <Badge tone="look">nothing matched</Badge>
    case 'repeat':
      return (
        <Badge tone="look" title="It let a message with this id through before">
          repeat
        </Badge>
      )
    default:
      return <Badge title="The header x-delay asks for it">waits here</Badge>
  }
}

function reasonOf({ bindings, subscribed, left_off: isMore }: RouteWayJson, type: string): string {
  const texts = bindings.map(bindingText).filter((text) => text !== '')
  if (subscribed) texts.push('a subscription of MQTT')
  if (type === 'fanout') return 'as all do'
  if (texts.length === 0) return 'matched'
  return `matched by ${texts.slice(0, 3).join(', ')}${isMore || texts.length > 3 ? ' and others' : ''}`
}

/** Bindings of the picture that lead elsewhere, some of them. */
function unmatchedOf(
  { exchange, type, leads_to: ways, outcome, chosen_by: choice }: RouteStepJson,
  edges: readonly TopologyEdgeJson[],
): { readonly to: string; readonly text: string }[] {
  if (choice !== null || type === 'fanout' || outcome === 'delayed') return []
  const taken = new Set(ways.map((way) => `${way.destination_type}:${way.destination}`))
  const found: { to: string; text: string }[] = []
  for (const { kind, from, to, bindings } of edges) {
    if (kind !== 'binding' || from !== `exchange:${exchange}` || taken.has(to)) continue
    const name = plainName(to.slice(to.indexOf(':') + 1))
    for (const binding of bindings)
      found.push({ to: name, text: bindingText(binding) || 'an empty key' })
  }
  return found.slice(0, unmatchedMax)
}

const unmatchedMax = 8

function DestinationLine({
  end,
  vhost,
}: {
  readonly end: RouteDestinationJson
  readonly vhost: string
}): JSX.Element {
  return (
    <li>
      <Name value={end.name} to={urlOf('/stream', { vhost, name: end.name })} />{' '}
      <span class="soft">
        {end.kind === 'topic' ? 'topic' : 'queue'}
        {end.partition !== null && `, partition ${end.partition}`}
        {end.kind === 'topic' && end.partition === null && ', each partition in turn'}
      </span>{' '}
      {!end.certain && <Badge tone="look">when chance has it so</Badge>}
      {end.is_full && <Badge tone="bad">full: it refuses messages now</Badge>}
      {end.is_repeat && <Badge tone="look">has its id, drops it</Badge>}
    </li>
  )
}
