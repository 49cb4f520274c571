// A binding as RabbitMQ's management shows it.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import { type Binding, targetName } from '../../broker/exchange/binding.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import { emptyTable, type FieldTable } from '../../record/message/field-table.ts'
import type { JsonObject } from '../api/columns.ts'
import { propertiesKey } from './properties-key.ts'

/** A binding, or what leads from the default exchange to each queue. */
export interface BindingIn {
  readonly vhost: string
  readonly source: string
  readonly destinationType: 'queue' | 'exchange'
  readonly destination: string
  readonly routingKey: string
  readonly arguments: FieldTable
  /** It is one of a client of MQTT. */
  readonly isSubscription?: true
}

export const bindingSchema: z.ZodType = z.object({
  vhost: z.string(),
  source: z.string(),
  destination: z.string(),
  destination_type: z.enum(['queue', 'exchange']),
  routing_key: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  properties_key: z.string().describe('Tells it from others between the same two ends'),
})

export function bindingIn(vhost: string, binding: Binding<Destination>): BindingIn {
  const { source, target, routingKey } = binding
  return {
    vhost,
    source: source.name,
    destinationType: target.kind,
    destination: targetName(target),
    routingKey,
    arguments: binding.arguments,
  }
}

export function defaultBinding({ vhost, name }: Destination): BindingIn {
  return {
    vhost,
    source: '',
    destinationType: 'queue',
    destination: name,
    routingKey: name,
    arguments: emptyTable,
  }
}

export function bindingJson(binding: BindingIn): JsonObject {
  const { vhost, source, destination, destinationType, routingKey } = binding
  return {
    vhost,
    source,
    destination,
    destination_type: destinationType,
    routing_key: routingKey,
    arguments: argumentsToJson(binding.arguments),
    properties_key: propertiesKey(routingKey, binding.arguments),
  }
}
