// NestJS' own RabbitMQ transport against an AMQP broker: node nestjs.ts HOST:PORT PREFIX

import { broker, prefix, step, until } from '../../node/report.ts'
import { decorate } from './decorate.ts'
import { load } from './load.ts'

load('reflect-metadata')
const { Controller, Module } = load('@nestjs/common')
const { NestFactory } = load('@nestjs/core')
const microservices = load('@nestjs/microservices')
const { firstValueFrom, timeout } = load('rxjs')

const events: unknown[] = []

class Orders {
  sum(numbers: readonly number[]): number {
    return numbers.reduce((a, b) => a + b, 0)
  }

  created(order: unknown): void {
    events.push(order)
  }
}
Controller()(Orders)
decorate(Orders, 'sum', microservices.MessagePattern('order.sum'))
decorate(Orders, 'created', microservices.EventPattern('order.created'))

// oxlint-disable-next-line typescript/no-extraneous-class -- a module of Nest is its decorator
class Application {}
Module({ controllers: [Orders] })(Application)

/** A server and a client with these options: a request, then an event. */
async function exchange(options: object): Promise<object> {
  events.length = 0
  const settings = {
    transport: microservices.Transport.RMQ,
    options: { urls: [`amqp://guest:guest@${broker}`], ...options },
  }
  const app = await NestFactory.createMicroservice(Application, { ...settings, logger: false })
  await app.listen()
  const client = microservices.ClientProxyFactory.create(settings)
  try {
    await client.connect()
    const sum = await firstValueFrom(client.send('order.sum', [1, 2, 3]).pipe(timeout(10_000)))
    await firstValueFrom(client.emit('order.created', { id: 1 }))
    await until('the event', () => events.length > 0)
    return { sum, events: [...events] }
  } finally {
    await client.close()
    await app.close()
  }
}

await step('classic queue', () =>
  exchange({ queue: `${prefix}-classic`, queueOptions: { durable: true } }),
)
await step('quorum queue', () =>
  exchange({
    queue: `${prefix}-quorum`,
    queueOptions: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
    prefetchCount: 1,
  }),
)
await step('topic exchange', () =>
  exchange({ queue: '', exchange: `${prefix}-topic`, exchangeType: 'topic', wildcards: true }),
)
process.exit()
