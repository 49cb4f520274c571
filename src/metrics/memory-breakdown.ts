// Memory by what it is for. Of RabbitMQ's names those that mean something here: most are parts of Erlang.
import { type Family, gauge } from './family.ts'
import type { MetricsSource } from './metrics-source.ts'
import { memoryFamilies } from './pabal-families.ts'

export function memoryBreakdown(source: MetricsSource): Family[] {
  const { residentSize, inUseSize } = source.process()
  const { input, parked, output, unacked } = source.memory.sizes
  const held = input + parked + output + unacked
  return [
    gauge(
      'rabbitmq_memory_client_connection_reader_bytes',
      'Parts of messages and requests that have come in, and messages of publishers that are blocked',
      input + parked,
    ),
    gauge(
      'rabbitmq_memory_client_connection_writer_bytes',
      'What was written to clients and not read by them',
      output,
    ),
    gauge(
      'rabbitmq_memory_client_connection_channel_bytes',
      'Deliveries that are not acked',
      unacked,
    ),
    gauge(
      'rabbitmq_memory_other_system_bytes',
      'All else that is in use: code, queues, caches of the log',
      Math.max(0, inUseSize - held),
    ),
    gauge(
      'rabbitmq_memory_runtime_allocated_unused_bytes',
      'Freed, and kept by the process',
      Math.max(0, residentSize - inUseSize),
    ),
    ...memoryFamilies(source),
  ]
}
