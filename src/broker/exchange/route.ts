// Follows a message from one exchange to the queues it reaches: through bindings between exchanges
// and, where an exchange has no match, its alternate. Each exchange is asked once, so cycles end,
// and each queue is reached once.
import type { QueueLike, QueueTarget, Target } from './binding.ts'
import type { Exchange } from './exchange.ts'
import type { RoutedMessage } from './matcher.ts'

export interface RouteResult<Q> {
  /** Each queue once. Empty: unroutable. */
  readonly queues: readonly Q[]
  /** Whether the result is only for these headers; otherwise it holds for the routing keys. */
  readonly dependsOnHeaders: boolean
}

export function route<Q extends QueueLike>(
  start: Exchange<Q>,
  message: RoutedMessage,
  findExchange: (name: string) => Exchange<Q> | undefined,
): RouteResult<Q> {
  const asked = new Set<Exchange<Q>>([start])
  const reached = new Set<QueueTarget<Q>>()
  let dependsOnHeaders = false
  for (const exchange of asked) {
    const matched = new Set<Target<Q>>()
    exchange.match(message, matched)
    if (exchange.type === 'headers') dependsOnHeaders = true
    for (const target of matched) {
      if (target.kind === 'queue') reached.add(target)
      else asked.add(target.exchange)
    }
    const alternate = matched.size === 0 ? exchange.alternate : undefined
    const next = alternate === undefined ? undefined : findExchange(alternate)
    if (next) asked.add(next)
  }
  return { queues: Array.from(reached, (target) => target.queue), dependsOnHeaders }
}
