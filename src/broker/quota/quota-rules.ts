// What a quota may be: names, who may have which, and values. The words of refusals are those of Kafka's
// ClientQuotaControlManager.
import { isAddress } from '../../lib/is-address.ts'
import { quotaLimits } from '../../limits/quota.ts'
import { type QuotaEntity, quotaEntityTypes } from './quota-entity.ts'

/** Of users and client ids: what it bounds, and Kafka's name of it. */
export const clientQuotaNames = {
  /** Bytes of requests to produce, a second. */
  produce: 'producer_byte_rate',
  /** Bytes of batches that are fetched, a second. */
  fetch: 'consumer_byte_rate',
  /** Hundredths of the time of the event loop. */
  request: 'request_percentage',
  /** Partitions that are made or deleted, a second. */
  mutation: 'controller_mutation_rate',
} as const

export type QuotaKind = keyof typeof clientQuotaNames

/** Of addresses: connections that are accepted, a second. */
export const connectionQuotaName = 'connection_creation_rate'

export type QuotaValues = Readonly<Record<string, number>>

const int32Max = 2 ** 31 - 1
/** Values above this are no limit to anything, and have no exact form. */
const longMax = 2 ** 63
/** Largest whole number of each; undefined: it need not be whole. */
const wholeMax: Readonly<Record<string, { readonly type: string; readonly max: number }>> = {
  [clientQuotaNames.produce]: { type: 'LONG', max: longMax },
  [clientQuotaNames.fetch]: { type: 'LONG', max: longMax },
  [connectionQuotaName]: { type: 'INT', max: int32Max },
}
const clientNames: ReadonlySet<string> = new Set(Object.values(clientQuotaNames))

/** Why there can be no quota for this entity; undefined when there can. */
export function whyNoQuotaEntity(entity: QuotaEntity): string | undefined {
  const { user, 'client-id': clientId, ip } = entity
  for (const type of quotaEntityTypes) {
    const name = entity[type]
    if (name === '') return `Empty ${type} not supported`
    if (name && Buffer.byteLength(name) > quotaLimits.quotaNameSizeMax) {
      return `The ${type} is longer than ${quotaLimits.quotaNameSizeMax} bytes`
    }
  }
  const isOfClient = user !== undefined || clientId !== undefined
  if (ip === undefined) return isOfClient ? undefined : 'Invalid empty client quota entity'
  if (isOfClient) {
    return 'Invalid quota entity combination, IP entity should not be combined with User or ClientId'
  }
  if (ip === null || isAddress(ip)) return undefined
  return `${ip} is not a valid IP or resolvable host.`
}

/** Why a quota cannot have this value; undefined when it can. */
export function whyNoQuotaValue(
  entity: QuotaEntity,
  name: string,
  value: number,
): string | undefined {
  const isKnown = entity.ip === undefined ? clientNames.has(name) : name === connectionQuotaName
  if (!isKnown) return `Invalid configuration key ${name}`
  if (!(value > 0)) return `Quota ${name} must be greater than 0`
  // Kafka takes it, and no format but its own has a word for it.
  if (value === Infinity) return `Proposed value for ${name} is too large for a DOUBLE.`
  const whole = wholeMax[name]
  if (whole === undefined) return undefined
  if (value > whole.max) return `Proposed value for ${name} is too large for a ${whole.type}.`
  return value % 1 > 1e-6 ? `${name} cannot be a fractional value.` : undefined
}
