// The arguments of an exchange of type `x-message-deduplication`, and what policies make of them.
//
// Source: rabbitmq-message-deduplication 0.7, rabbit_message_deduplication_exchange.ex.
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import { type FieldTable, textOf } from '../../record/message/field-table.ts'
import { integerOf } from '../../record/message/integer-of.ts'
import { type BrokerError, preconditionFailed } from '../broker-error.ts'

export interface WindowSettings {
  /** How many ids are remembered. */
  readonly sizeMax: number
  /** For how many milliseconds, if a message does not say; undefined: until others take their place. */
  readonly ttlMs: number | undefined
  /** Gone with the process. */
  readonly isVolatile: boolean
}

/**
 * Throws `precondition_failed`, as the plugin does. Unlike there, what a durable exchange knows is on
 * disk unless it asks for `memory`.
 */
export function readWindowSettings(args: FieldTable, isDurable: boolean): WindowSettings {
  const sizeMax = integerOf(args.get('x-cache-size'))
  if (sizeMax === undefined || sizeMax <= 0) {
    throw refused('Missing or invalid', `'x-cache-size' must be an integer greater than 0`)
  }
  const ttl = args.get('x-cache-ttl')
  const ttlMs = integerOf(ttl)
  if (ttl !== undefined && (ttlMs === undefined || ttlMs <= 0)) {
    throw refused('Invalid', `'x-cache-ttl' must be an integer greater than 0`)
  }
  const argument = args.get('x-cache-persistence')
  const persistence = textOf(argument)
  if (argument !== undefined && persistence !== 'disk' && persistence !== 'memory') {
    throw refused('Invalid', `'x-cache-persistence' must be either 'disk' or 'memory'`)
  }
  return { sizeMax, ttlMs, isVolatile: !isDurable || persistence === 'memory' }
}

/** As the plugin has it, a policy wins over what was declared. */
export function withPolicy(
  declared: WindowSettings,
  isDurable: boolean,
  definition: PolicyDefinition = {},
): WindowSettings {
  const persistence = definition['x-cache-persistence']
  return {
    sizeMax: (definition['x-cache-size'] as number | undefined) ?? declared.sizeMax,
    ttlMs: (definition['x-cache-ttl'] as number | undefined) ?? declared.ttlMs,
    isVolatile:
      persistence === undefined ? declared.isVolatile : !isDurable || persistence === 'memory',
  }
}

function refused(what: string, reason: string): BrokerError {
  return preconditionFailed(`${what} argument, ${reason}`)
}
