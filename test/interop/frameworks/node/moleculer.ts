// moleculer's AMQP transporter between two nodes: node moleculer.ts HOST:PORT PREFIX

import { broker, prefix, step, until } from '../../node/report.ts'
import { load } from './load.ts'

const { ServiceBroker } = load('moleculer')

function makeNode(name: string): InstanceType<typeof ServiceBroker> {
  return new ServiceBroker({
    nodeID: name,
    namespace: prefix,
    transporter: `amqp://guest:guest@${broker}`,
    logger: false,
    requestTimeout: 10_000,
  })
}

const events: unknown[] = []
const sums: string[] = []

const service = (name: string): object => ({
  name: 'math',
  actions: {
    add: ({ params }: { params: { a: number; b: number } }) => {
      sums.push(name)
      return params.a + params.b
    },
    fail: () => {
      throw new Error('on purpose')
    },
  },
  events: { 'order.created': ({ params }: { params: unknown }) => void events.push(params) },
})

const [first, second, caller] = ['first', 'second', 'caller'].map(makeNode)
first.createService(service('first'))
second.createService(service('second'))
await Promise.all([first, second, caller].map((node) => node.start()))
await caller.waitForServices('math', 10_000)
const nodesOf = (): number =>
  caller.registry.actions
    .list({ onlyAvailable: true, withEndpoints: true })
    .find(({ name }: { name: string }) => name === 'math.add').endpoints.length

await step('request', async () => {
  await until('both nodes are known', () => nodesOf() === 2)
  return { sum: await caller.call('math.add', { a: 1, b: 2 }) }
})
await step('balance', async () => {
  for (let n = 0; n < 6; n++) await caller.call('math.add', { a: n, b: 1 })
  return { nodes: [...new Set(sums)].sort() }
})
await step('error', async () => ({
  message: await caller.call('math.fail').catch((error: Error) => error.message),
}))
await step('event', async () => {
  caller.emit('order.created', { id: 1 })
  await until('the event', () => events.length > 0)
  return { events }
})
await step('broadcast', async () => {
  events.length = 0
  caller.broadcast('order.created', { id: 2 })
  await until('the event at both nodes', () => events.length === 2)
  return { events }
})
await step('stop', async () => {
  await Promise.all([first, second, caller].map((node) => node.stop()))
  return {}
})
