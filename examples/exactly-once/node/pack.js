// From the topic to a queue: what was priced is to be packed.

import { handOver } from './hand-over.js'
import { parcels, topicForPacking } from './queues.js'

await handOver({
  from: topicForPacking,
  to: parcels,
  convert: ({ id, customer, pieces }) => ({ id, customer, pieces }),
})
