// What MQTT.js does that only MQTT 5 has.

import type { Packet } from 'mqtt'
import { at, open, Peer } from './mqttjs-peer.ts'
import { prefix } from './report.ts'

type NamedStep = readonly [string, (sender: Peer) => Promise<object>]

export const stepsOfVersion5: readonly NamedStep[] = [
  [
    'properties',
    async (sender) => {
      await using stack = new AsyncDisposableStack()
      const peer = await open(stack)
      await peer.subscribe('properties')
      await sender.publish('properties', 'text', {
        properties: {
          contentType: 'text/plain',
          responseTopic: 'answers/here',
          correlationData: Buffer.from('00ff80', 'hex'),
          userProperties: { b: ['1', '3'], a: '2' },
          payloadFormatIndicator: true,
          messageExpiryInterval: 60,
        },
      })
      await peer.wait(1)
      const found = peer.received[0]?.packet.properties ?? {}
      return {
        contentType: found.contentType,
        responseTopic: found.responseTopic,
        correlation: found.correlationData?.toString('hex'),
        user: pairs(found.userProperties),
        format: found.payloadFormatIndicator ? 1 : 0,
        expires: isClose(found.messageExpiryInterval),
      }
    },
  ],

  [
    'subscription id',
    async (sender) => {
      await using stack = new AsyncDisposableStack()
      const peer = await open(stack)
      await peer.subscribe('id', 1, { properties: { subscriptionIdentifier: 7 } })
      await sender.publish('id', 'x')
      await peer.wait(1)
      return { ids: [peer.received[0]?.packet.properties?.subscriptionIdentifier].flat() }
    },
  ],

  [
    'no local',
    async (sender) => {
      await using stack = new AsyncDisposableStack()
      const peer = await open(stack)
      await peer.subscribe('local', 1, { nl: true })
      await peer.publish('local', 'own')
      await sender.publish('local', 'other')
      await peer.wait(1)
      return { received: peer.payloads }
    },
  ],

  [
    'retain as published',
    async (sender) => {
      await using stack = new AsyncDisposableStack()
      const peer = await open(stack)
      await peer.subscribe('as-published', 1, { rap: true })
      await sender.publish('as-published', 'x', { retain: true })
      await peer.wait(1)
      await sender.publish('as-published', '', { retain: true })
      return { live: peer.received[0]?.packet.retain }
    },
  ],

  [
    'retain handling',
    async (sender) => {
      await using stack = new AsyncDisposableStack()
      const peer = await open(stack)
      await sender.publish('handling', 'kept', { retain: true })
      await peer.subscribe('handling', 1, { rh: 2 })
      await sender.publish('handling', 'end')
      await peer.wait(1)
      await sender.publish('handling', '', { retain: true })
      return { received: peer.payloads.slice(0, 1) }
    },
  ],

  [
    'no matching subscribers',
    async (sender) => {
      const acked = new Promise<Packet>((resolve) => sender.client.once('packetreceive', resolve))
      await sender.publish('nobody', 'x')
      return { code: ((await acked) as Packet & { reasonCode?: number }).reasonCode }
    },
  ],

  [
    'assigned client id',
    async () => {
      await using stack = new AsyncDisposableStack()
      const peer = await open(stack, { clientId: '' })
      return { assigned: (peer.connack?.properties?.assignedClientIdentifier ?? '') !== '' }
    },
  ],

  [
    'topic alias',
    async () => {
      await using stack = new AsyncDisposableStack()
      const [peer, aliasing] = [await open(stack), await open(stack, { autoUseTopicAlias: true })]
      await peer.subscribe('aliased')
      for (const n of [1, 2, 3])
        await aliasing.publish('aliased', `${n}`, { properties: { topicAlias: 1 } })
      await peer.wait(3)
      return { received: peer.payloads }
    },
  ],

  [
    'session expiry',
    async () => {
      const present = async (expiry: number): Promise<boolean> => {
        const options = { clientId: `${prefix}-expiry-${expiry}`, clean: false }
        const properties = { sessionExpiryInterval: expiry }
        await (await Peer.connect({ ...options, properties })).end()
        const again = await Peer.connect(options)
        await again.end()
        return again.connack?.sessionPresent ?? false
      }
      return { kept: await present(600), ended: await present(0) }
    },
  ],

  [
    'will after disconnect',
    async () => {
      await using stack = new AsyncDisposableStack()
      const peer = await open(stack)
      await peer.subscribe('left')
      const leaving = await Peer.connect({
        will: { topic: at('left'), payload: Buffer.from('left'), qos: 1, retain: false },
      })
      await leaving.client.endAsync(false, { reasonCode: 4 })
      await peer.wait(1)
      return { received: peer.payloads }
    },
  ],
]

/** In the order of the wire as far as the client tells: it puts values of one name together. */
function pairs(properties: Readonly<Record<string, unknown>> = {}): unknown[] {
  return Object.entries(properties).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value]),
  )
}

/** Less than the 60 s that it began with by what it waited. */
function isClose(seconds: number | undefined): boolean {
  return seconds !== undefined && seconds > 50 && seconds <= 60
}
