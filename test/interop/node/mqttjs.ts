// MQTT.js against an MQTT broker: node mqttjs.ts HOST:PORT PREFIX, with MQTT_VERSION=4 or 5.

import { at, lasting, open, Peer, version, type Delivery } from './mqttjs-peer.ts'
import { stepsOfVersion5 } from './mqttjs-version5.ts'
import { prefix, range, sorted, step, until } from './report.ts'

const sender = await Peer.connect()

await step('connect', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  return { sessionPresent: peer.connack?.sessionPresent }
})

await step('MQTT 3.1', async () => {
  await using stack = new AsyncDisposableStack()
  const old = { protocolId: 'MQIsdp', protocolVersion: 3, clientId: `p${process.pid}-old` } as const
  const peer = await open(stack, old)
  await peer.subscribe('old')
  await peer.publish('old', 'x')
  await peer.wait(1)
  return { received: peer.received.length }
})

for (const qos of [0, 1, 2] as const)
  await step(`QoS ${qos}`, async () => {
    await using stack = new AsyncDisposableStack()
    const peer = await open(stack)
    await peer.subscribe(`qos/${qos}`, qos)
    for (const n of range(100)) await sender.publish(`qos/${qos}`, `${n}`, { qos })
    await peer.wait(100)
    return summary(peer)
  })

/** Numbers rise within a QoS: the client shows one of QoS 2 when it is released. */
function summary({ received }: Peer): object {
  const byQos = Map.groupBy(received, ({ packet }) => packet.qos)
  const rises = ({ payload }: Delivery, n: number, all: readonly Delivery[]): boolean =>
    n === 0 || Number(payload) > Number(all[n - 1]?.payload)
  return {
    received: received.length,
    inOrder: [...byQos.values()].every((deliveries) => deliveries.every(rises)),
    qos: sorted([...byQos.keys()]),
  }
}

await step('lower QoS', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  const granted = [await peer.subscribe('lower/0', 0), await peer.subscribe('lower/1', 1)]
  for (const n of [0, 1]) await sender.publish(`lower/${n}`, 'x', { qos: 2 })
  await peer.wait(2)
  return { granted, received: sorted(peer.received.map(({ packet }) => packet.qos)) }
})

await step('large payload', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  await peer.subscribe('large')
  const payload = Buffer.alloc(921_600, 'large payload ')
  await sender.publish('large', payload)
  await peer.wait(1)
  const [found] = peer.received
  return { bytes: found?.payload.length, same: found?.payload.equals(payload) }
})

await step('topic names', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  const names = ['ä b/日本', 'a.b/c', '/lead//']
  for (const name of names) await peer.subscribe(name)
  for (const name of names) await sender.publish(name, 'x')
  await peer.wait(3)
  return { received: peer.topics }
})

await step('wildcards', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  await peer.subscribe('+/temp')
  await peer.subscribe('deep/#')
  for (const name of ['x/temp', 'x/y/temp', 'deep', 'deep/a/b', 'deeper'])
    await sender.publish(name, 'x')
  await peer.wait(3)
  return { received: peer.topics }
})

await step('unsubscribe', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  await peer.subscribe('left')
  await peer.publish('left', 'before')
  await peer.client.unsubscribeAsync(at('left'))
  await peer.publish('left', 'after')
  return { received: peer.payloads }
})

await step('retained', async () => {
  await using stack = new AsyncDisposableStack()
  const [live, late, last] = [await open(stack), await open(stack), await open(stack)]
  await live.subscribe('retained')
  await sender.publish('retained', 'kept', { retain: true })
  await live.wait(1)
  await late.subscribe('retained')
  await late.wait(1)
  await sender.publish('retained', '', { retain: true })
  await last.subscribe('retained')
  await sender.publish('retained', 'end')
  await last.wait(1)
  const stored = late.received[0]?.packet
  return {
    live: live.received[0]?.packet.retain,
    stored: stored?.retain,
    qos: stored?.qos,
    cleared: last.received.length - 1,
  }
})

await step('retained by wildcard', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  for (const name of ['room/1', 'room/2', 'hall/1'])
    await sender.publish(name, 'x', { retain: true })
  await peer.subscribe('room/+')
  await peer.wait(2)
  for (const name of ['room/1', 'room/2', 'hall/1'])
    await sender.publish(name, '', { retain: true })
  return {
    received: peer.received
      .slice(0, 2)
      .map(({ topic }) => topic)
      .toSorted(),
  }
})

const will = { topic: at('will'), payload: Buffer.from('gone'), qos: 1, retain: false } as const

await step('will', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  await peer.subscribe('will')
  const dying = await Peer.connect({ will })
  dying.cut()
  await peer.wait(1)
  const [found] = peer.received
  return {
    payload: found?.payload.toString(),
    qos: found?.packet.qos,
    retain: found?.packet.retain,
  }
})

await step('no will after disconnect', async () => {
  await using stack = new AsyncDisposableStack()
  const peer = await open(stack)
  await peer.subscribe('will')
  const leaving = await Peer.connect({ will })
  await leaving.end()
  await sender.publish('will', 'end')
  await peer.wait(1)
  return { received: peer.payloads }
})

await step('offline messages', async () => {
  const before = await Peer.connect(lasting('offline'))
  await before.subscribe('offline', 2)
  await before.end()
  for (const n of range(20)) await sender.publish('offline', `${n}`, { qos: n % 2 === 0 ? 1 : 2 })
  const again = await Peer.connect(lasting('offline'))
  await again.wait(20)
  await again.end()
  return { sessionPresent: again.connack?.sessionPresent, ...summary(again) }
})

await step('clean session', async () => {
  const before = await Peer.connect(lasting('cleaned'))
  await before.subscribe('cleaned')
  await before.end()
  await sender.publish('cleaned', 'old')
  const clean = await Peer.connect({ clientId: `${prefix}-cleaned`, clean: true })
  await clean.subscribe('cleaned')
  await sender.publish('cleaned', 'new')
  await clean.wait(1)
  await clean.end()
  return { sessionPresent: clean.connack?.sessionPresent, received: clean.payloads }
})

await step('take over', async () => {
  await using stack = new AsyncDisposableStack()
  const first = await Peer.connect({ clientId: `${prefix}-twin` })
  const closed = new Promise<void>((resolve) => first.client.once('close', resolve))
  await open(stack, { clientId: `${prefix}-twin` })
  await closed
  return { closed: !first.client.connected }
})

await step('shared subscription', async () => {
  await using stack = new AsyncDisposableStack()
  const members = [await open(stack), await open(stack)]
  for (const member of members) await member.subscribe(`$share/group/${prefix}/shared`)
  for (const n of range(40)) await sender.publish('shared', `${n}`)
  const all = (): string[] => members.flatMap(({ payloads }) => payloads)
  await until('40 messages', () => all().length >= 40)
  return {
    received: all().length,
    again: all().length - new Set(all()).size,
    members: members.filter(({ received }) => received.length > 0).length,
  }
})

await step('refused login', async () => {
  const peer = new Peer({ password: 'wrong' })
  const { code = 0 } = await new Promise<Error & { code?: number }>((resolve) =>
    peer.client.once('error', resolve),
  )
  peer.client.end(true)
  return { refused: [4, 5, 134, 135].includes(code) }
})

if (version === 5) for (const [name, run] of stepsOfVersion5) await step(name, () => run(sender))
await sender.end()
