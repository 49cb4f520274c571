// Says how a message finds its way: it goes the way of `route`, with the lookups that routing has, and is
// shown what each exchange does. Which bindings of a target match is asked of a lookup with that one binding.
//
// Invariant: nothing changes, chance included. Where chance chooses, every way is taken, and what is reached
// only so is not certain.
import type { Random } from '../../lib/random.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { Binding, BoundExchange, QueueLike, Target } from './binding.ts'
import { eachBinding } from './bindings.ts'
import { type Choice, choiceOf, createMatcher } from './create-matcher.ts'
import { routingTypeOf } from './delayed-type.ts'
import { route, type RouteWatch } from './route.ts'
import type { RoutedMessage } from './routed-message.ts'

/** One way from an exchange to what it leads to. */
export interface ExplainedWay<Q extends QueueLike> {
  readonly target: Target<Q>
  /**
   * Some of those that lead there, each by itself, or that the exchange had to choose from; none of the
   * default exchange, which has no bindings.
   */
  readonly bindings: readonly Binding<Q>[]
  /** A subscription by a topic filter leads there, which is no binding. */
  readonly isSubscribed: boolean
  /** There may be others. */
  readonly isLeftOff: boolean
}

/** What an exchange does with the message. */
export interface ExplainedStep<Q extends QueueLike> {
  readonly exchange: BoundExchange<Q>
  /**
   * `matched`: bindings lead on. `unmatched`: none does. `repeat`: it knows the message's id and lets it no
   * further. `delayed`: the message waits here first.
   */
  readonly outcome: 'matched' | 'unmatched' | 'repeat' | 'delayed'
  /** How it chose among its bindings; undefined: it follows each that matches. */
  readonly choice: Choice | undefined
  /** The message comes here; otherwise it does when chance has it so. */
  readonly isCertain: boolean
  readonly ways: readonly ExplainedWay<Q>[]
  /** Subscribers that get it at once, past all queues. */
  readonly directCount: number
  /** Its alternate, which gets what nothing matched; undefined where it was not asked or has none. */
  readonly alternate: { readonly name: string; readonly isThere: boolean } | undefined
}

export interface RouteExplanation<Q extends QueueLike> {
  /** In the order in which exchanges are asked. */
  readonly steps: readonly ExplainedStep<Q>[]
  /** Each once, in the order in which they are reached. */
  readonly queues: readonly { readonly queue: Q; readonly isCertain: boolean }[]
  /** Steps, ways or queues that are too many to be told of. */
  readonly isLeftOff: boolean
}

interface ExplainContext<Q extends QueueLike> {
  readonly findExchange: (name: string) => BoundExchange<Q> | undefined
  /** For lookups that have none to do with it. */
  readonly random: Random
}

export function explainRoute<Q extends QueueLike>(
  start: BoundExchange<Q>,
  message: RoutedMessage,
  context: ExplainContext<Q>,
): RouteExplanation<Q> {
  const watch = new Explanation<Q>(message, context)
  const { queues } = route(start, message, context.findExchange, watch)
  return watch.finish(start, queues)
}

/** A step as long as the message is on its way. */
interface OpenStep<Q extends QueueLike> {
  readonly exchange: BoundExchange<Q>
  readonly choice: Choice | undefined
  outcome: ExplainedStep<Q>['outcome']
  targets: ReadonlySet<Target<Q>>
  subscribed: ReadonlySet<Target<Q>>
  directCount: number
  alternate: BoundExchange<Q> | undefined
}

class Explanation<Q extends QueueLike> implements RouteWatch<Q> {
  readonly #message: RoutedMessage
  readonly #context: ExplainContext<Q>
  readonly #steps = new Map<Target<Q>, OpenStep<Q>>()
  #waysLeft = brokerLimits.explainedWaysMax
  #looksLeft = brokerLimits.explainedLooksMax

  constructor(message: RoutedMessage, context: ExplainContext<Q>) {
    this.#message = message
    this.#context = context
  }

  match(exchange: BoundExchange<Q>, message: RoutedMessage, reached: Set<Target<Q>>): boolean {
    const step = this.#open(exchange)
    const targets = new Set<Target<Q>>()
    if (step.choice === 'chance') {
      for (const { target } of exchange.bindings()) targets.add(target)
    } else exchange.match(message, targets)
    if (targets.size === 0) return false
    step.outcome = 'matched'
    step.targets = targets
    for (const target of targets) reached.add(target)
    return true
  }

  onSubscribed(
    exchange: BoundExchange<Q>,
    targets: ReadonlySet<Target<Q>>,
    directCount: number,
  ): void {
    const step = this.#steps.get(exchange.target)
    if (step === undefined) return
    step.outcome = 'matched'
    step.targets = new Set([...step.targets, ...targets])
    step.subscribed = targets
    step.directCount = directCount
  }

  onRepeat(exchange: BoundExchange<Q>): void {
    this.#open(exchange).outcome = 'repeat'
  }

  onDelayed(exchange: BoundExchange<Q>): void {
    this.#open(exchange).outcome = 'delayed'
  }

  onAlternate(exchange: BoundExchange<Q>, alternate: BoundExchange<Q> | undefined): void {
    const step = this.#steps.get(exchange.target)
    if (step !== undefined) step.alternate = alternate
  }

  finish(start: BoundExchange<Q>, queues: readonly Q[]): RouteExplanation<Q> {
    const certain = this.#findCertain(start.target)
    const certainQueues = new Set<Q>()
    for (const target of certain) if (target.kind === 'queue') certainQueues.add(target.queue)
    const { explainedWaysMax: max } = brokerLimits
    const steps: ExplainedStep<Q>[] = []
    for (const [target, step] of this.#steps) {
      if (this.#waysLeft-- <= 0) break
      steps.push(this.#finishStep(step, certain.has(target)))
    }
    return {
      steps,
      queues: queues.slice(0, max).map((queue) => ({ queue, isCertain: certainQueues.has(queue) })),
      isLeftOff: this.#waysLeft < 0 || queues.length > max,
    }
  }

  #open(exchange: BoundExchange<Q>): OpenStep<Q> {
    const choice = choiceOf(routingTypeOf(exchange.type, exchange.arguments))
    const step: OpenStep<Q> = {
      exchange,
      choice,
      outcome: 'unmatched',
      targets: new Set(),
      subscribed: new Set(),
      directCount: 0,
      alternate: undefined,
    }
    this.#steps.set(exchange.target, step)
    return step
  }

  /** What the message reaches whatever chance says. */
  #findCertain(start: Target<Q>): Set<Target<Q>> {
    // Grows while it is walked.
    const certain = new Set([start])
    for (const target of certain) {
      const step = this.#steps.get(target)
      if (step === undefined) continue
      if (step.alternate !== undefined) certain.add(step.alternate.target)
      if (step.choice === 'chance' && step.targets.size > 1) continue
      for (const next of step.targets) certain.add(next)
    }
    return certain
  }

  #finishStep(step: OpenStep<Q>, isCertain: boolean): ExplainedStep<Q> {
    const { exchange, choice, outcome, targets, directCount } = step
    const ways: ExplainedWay<Q>[] = []
    for (const target of targets) {
      if (this.#waysLeft-- <= 0) break
      ways.push(this.#wayTo(target, step))
    }
    const name = exchange.alternate
    const wasAsked = outcome === 'unmatched' || outcome === 'repeat'
    const alternate =
      wasAsked && name !== undefined ? { name, isThere: step.alternate !== undefined } : undefined
    return { exchange, choice, outcome, isCertain, ways, directCount, alternate }
  }

  #wayTo(target: Target<Q>, { exchange, choice, subscribed }: OpenStep<Q>): ExplainedWay<Q> {
    const bindings: Binding<Q>[] = []
    const isSubscribed = subscribed.has(target)
    for (const binding of eachBinding(target.bindings)) {
      const isEnough = bindings.length >= brokerLimits.explainedBindingsMax
      if (isEnough || this.#looksLeft-- <= 0)
        return { target, bindings, isSubscribed, isLeftOff: true }
      if (binding.source !== exchange) continue
      if (choice !== undefined || this.#matchesAlone(binding)) bindings.push(binding)
    }
    return { target, bindings, isSubscribed, isLeftOff: false }
  }

  #matchesAlone(binding: Binding<Q>): boolean {
    const { type, arguments: args } = binding.source
    const { random } = this.#context
    const matcher = createMatcher<Q>(routingTypeOf(type, args), { arguments: args, random })
    matcher.add(binding)
    return matcher.match(this.#message, new Set())
  }
}
