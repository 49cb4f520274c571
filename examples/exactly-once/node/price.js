// From the queue to the topic: gives each order its price.

import { handOver } from './hand-over.js'
import { orders, topic } from './queues.js'

const centsOfOne = 995

await handOver({
  from: orders,
  to: topic,
  convert: (order) => ({ ...order, cents: order.pieces * centsOfOne }),
})
