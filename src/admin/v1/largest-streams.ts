// Which queues and topics take most of the disk. Looking at all of them is dear where there are many, so what
// was found is shown again for a while.
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import { storedSize } from '../rabbitmq/queue-sizes.ts'

export interface StreamSize {
  readonly vhost: string
  readonly name: string
  readonly kind: Destination['kind']
  readonly bytes: number
  readonly messages: number
  /** Of a topic: how long and how much it keeps; null: no limit. */
  readonly retention_ms: number | null
  readonly retention_bytes: number | null
}

export interface StreamSizes {
  /** The largest first. */
  readonly largest: readonly StreamSize[]
  /** Of all queues and topics. */
  readonly bytes: number
}

export class LargestStreams {
  readonly #broker: Broker
  #found: Promise<StreamSizes> | undefined
  #foundAt = -Infinity

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /** Of some seconds ago at most. */
  find(): Promise<StreamSizes> {
    const now = this.#broker.clock.monotonic()
    if (this.#found === undefined || now - this.#foundAt > adminLimits.streamSizesMs) {
      this.#foundAt = now
      this.#found = this.#broker.slices.run(this.#look())
    }
    return this.#found
  }

  *#look(): Steps<StreamSizes> {
    const { largestStreamsMax } = adminLimits
    let largest: [bytes: number, stream: Destination][] = []
    let bytes = 0
    for (const vhost of this.#broker.vhosts) {
      for (const stream of vhost.queues()) {
        yield
        const size = storedSize(stream, this.#broker.store)
        bytes += size
        if (size === 0 || size <= (largest[largestStreamsMax - 1]?.[0] ?? 0)) continue
        largest = [...largest, [size, stream] as const]
          .toSorted(([a], [b]) => b - a)
          .slice(0, largestStreamsMax)
          .map(([each, of]) => [each, of])
      }
    }
    return { largest: largest.map(([size, stream]) => sizeJson(size, stream)), bytes }
  }
}

function sizeJson(bytes: number, stream: Destination): StreamSize {
  const { vhost, name, kind, messageCount: messages } = stream
  const { retentionMs = Infinity, retentionSize = Infinity } = kind === 'topic' ? stream.config : {}
  return {
    vhost,
    name,
    kind,
    bytes,
    messages,
    retention_ms: finite(retentionMs),
    retention_bytes: finite(retentionSize),
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
