// Consistent hash exchange: each message goes to one target, always the same one for the same routing
// key (or header, or property), and to each target as many as its weight, which is its binding's key.
// Weighted rendezvous hashing: every target has a score for the message, the highest wins. So a target
// that comes or goes moves only its own share, and the order of the bindings has no part in it.
import { type FieldTable, textOf, typeNameOf } from '../../record/message/field-table.ts'
import { preconditionFailed } from '../broker-error.ts'
import { type Binding, type QueueLike, type Target, targetName } from './binding.ts'
import { hashText, mix } from './hash-text.ts'
import type { Matcher } from './matcher.ts'
import { type HashedProperty, hashedProperties, type RoutedMessage } from './routed-message.ts'
import { valueIdentity } from './value-identity.ts'

/** A target and all bindings that lead to it: as in RabbitMQ the first one's weight counts. */
interface Share<Q extends QueueLike> {
  readonly target: Target<Q>
  readonly bindings: Binding<Q>[]
  readonly high: number
  readonly low: number
  weight: number
}

type Hashed =
  | { readonly kind: 'routing-key' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'property'; readonly name: HashedProperty }

/** As in RabbitMQ. */
const weightMax = 10_000
const highBasis = 0x811c9dc5
const lowBasis = 0x1b873593

export class ConsistentHashMatcher<Q extends QueueLike> implements Matcher<Q> {
  readonly isPerMessage: boolean
  readonly #hashed: Hashed
  readonly #shares = new Map<Target<Q>, Share<Q>>()

  /** Throws `precondition_failed` for arguments of the exchange that say nothing or too much. */
  constructor(args: FieldTable) {
    this.#hashed = readHashed(args)
    this.isPerMessage = this.#hashed.kind !== 'routing-key'
  }

  check({ routingKey }: Binding<Q>): void {
    if (!/^[+-]?\d+$/.test(routingKey)) {
      throw preconditionFailed(`The binding key must be an integer: <<"${routingKey}">>`)
    }
    const weight = Number(routingKey)
    if (weight < 1) throw preconditionFailed('The binding key must be greater than 0')
    if (weight > weightMax) {
      throw preconditionFailed(`The binding key must not exceed ${weightMax}`)
    }
  }

  add(binding: Binding<Q>): void {
    const share = this.#shares.get(binding.target)
    if (share === undefined) this.#shares.set(binding.target, shareOf(binding))
    else share.bindings.push(binding)
  }

  remove(binding: Binding<Q>): void {
    const share = this.#shares.get(binding.target)
    if (share === undefined) return
    const { bindings } = share
    bindings.splice(bindings.indexOf(binding), 1)
    const first = bindings[0]
    if (first === undefined) this.#shares.delete(binding.target)
    else share.weight = Number(first.routingKey)
  }

  match(message: RoutedMessage, matched: Set<Target<Q>>): boolean {
    const text = this.#textOf(message)
    const high = hashText(text, highBasis)
    const low = hashText(text, lowBasis)
    let best: Share<Q> | undefined
    let bestScore = -1
    for (const share of this.#shares.values()) {
      const score = share.weight / -Math.log(chanceOf(high ^ share.high, low ^ share.low))
      if (score <= bestScore) continue
      best = share
      bestScore = score
    }
    if (best === undefined) return false
    matched.add(best.target)
    return true
  }

  /** What is missing hashes like an empty text: such messages all go one way. */
  #textOf(message: RoutedMessage): string {
    const hashed = this.#hashed
    switch (hashed.kind) {
      case 'routing-key':
        return message.routingKeys[0] ?? ''
      case 'header': {
        const value = message.headers?.get(hashed.name)
        return value === undefined ? '' : valueIdentity(value)
      }
      default:
        return message.findProperty(hashed.name) ?? ''
    }
  }
}

function shareOf<Q extends QueueLike>(binding: Binding<Q>): Share<Q> {
  const { target, routingKey } = binding
  const name = `${target.kind} ${targetName(target)}`
  return {
    target,
    bindings: [binding],
    high: hashText(name, highBasis),
    low: hashText(name, lowBasis),
    weight: Number(routingKey),
  }
}

/** A number between 0 and 1, never one of them. */
function chanceOf(high: number, low: number): number {
  return (mix(high) * 2 ** 20 + (mix(low) >>> 12) + 0.5) / 2 ** 52
}

function readHashed(args: FieldTable): Hashed {
  const header = readText(args, 'hash-header')
  const property = readText(args, 'hash-property')
  if (header !== undefined && property !== undefined) {
    throw preconditionFailed('hash-header and hash-property are mutually exclusive')
  }
  if (header !== undefined) return { kind: 'header', name: header }
  if (property === undefined) return { kind: 'routing-key' }
  const name = hashedProperties.find((known) => known === property)
  if (name === undefined) throw preconditionFailed(`Unsupported property: ${property}`)
  return { kind: 'property', name }
}

function readText(args: FieldTable, name: string): string | undefined {
  const argument = args.get(name)
  if (argument === undefined) return undefined
  const text = textOf(argument)
  if (text !== undefined) return text
  throw preconditionFailed(`invalid type '${typeNameOf(argument)}' for arg '${name}'`)
}
