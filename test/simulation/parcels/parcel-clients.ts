// The clients of parcels that a plan has.
import { type AmqpLife, amqpProtocol } from '../amqp/amqp-protocol.ts'
import { Client } from '../client.ts'
import { consumeParcels, pace, publishParcels, rewindParcels } from './parcel-work.ts'
import type { ParcelWorld } from './parcel-world.ts'

type ParcelWork = (life: AmqpLife, parcels: ParcelWorld) => Promise<void>

export function parcelClients(parcels: ParcelWorld): Client<AmqpLife['connection']>[] {
  const { publishers, consumers, rewinders, pacers } = parcels.plan
  const make = (count: number, kind: string, work: ParcelWork): Client<AmqpLife['connection']>[] =>
    Array.from({ length: count }, (_, at) => {
      const parts = { protocol: amqpProtocol, work: (life: AmqpLife) => work(life, parcels) }
      return new Client(`${kind}${at}`, parcels.world, parts)
    })
  return [
    ...make(publishers, 'sender', publishParcels),
    ...make(consumers, 'receiver', consumeParcels),
    ...make(rewinders, 'rewinder', rewindParcels),
    ...make(pacers, 'pacer', pace),
  ]
}
