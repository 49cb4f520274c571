// NestJS with @golevelup/nestjs-rabbitmq against an AMQP broker: node golevelup.ts HOST:PORT PREFIX

import { broker, prefix, step, until } from '../../node/report.ts'
import { decorate } from './decorate.ts'
import { load } from './load.ts'

load('reflect-metadata')
const { Injectable, Module } = load('@nestjs/common')
const { NestFactory } = load('@nestjs/core')
const { AmqpConnection, Nack, RabbitMQModule, RabbitRPC, RabbitSubscribe } = load(
  '@golevelup/nestjs-rabbitmq',
)

const named = (name: string): string => `${prefix}-${name}`
const seen: string[] = []
let requeued = 0

interface Order {
  readonly name: string
}

interface Raw {
  readonly properties: { readonly headers: Record<string, unknown> }
}

const deaths: Raw[] = []

class Orders {
  async work({ name }: Order): Promise<unknown> {
    seen.push(name)
    if (name === 'bad') return new Nack(false)
    if (name === 'again' && requeued++ === 0) return new Nack(true)
    return undefined
  }

  async dead({ name }: Order, raw: Raw): Promise<void> {
    deaths.push(raw)
    seen.push(`dead ${name}`)
  }

  async double({ number }: { number: number }): Promise<object> {
    return { doubled: number * 2 }
  }
}
Injectable()(Orders)
const deadLetters = { deadLetterExchange: named('dead'), deadLetterRoutingKey: 'dead' }
const subscribe = (exchange: string, routingKey: string, queueOptions = {}): MethodDecorator =>
  RabbitSubscribe({
    exchange: named(exchange),
    routingKey,
    queue: named(routingKey),
    queueOptions: { durable: true, ...queueOptions },
  })
decorate(Orders, 'work', subscribe('main', 'work', deadLetters))
decorate(Orders, 'dead', subscribe('dead', 'dead'))
decorate(
  Orders,
  'double',
  RabbitRPC({ exchange: named('main'), routingKey: 'double', queue: named('double') }),
)

// oxlint-disable-next-line typescript/no-extraneous-class -- a module of Nest is its decorator
class Application {}
Module({
  imports: [
    RabbitMQModule.forRoot({
      uri: `amqp://guest:guest@${broker}`,
      exchanges: [
        { name: named('main'), type: 'topic' },
        { name: named('dead'), type: 'topic' },
      ],
      connectionInitOptions: { wait: true, timeout: 10_000 },
    }),
  ],
  providers: [Orders],
})(Application)

const app = await NestFactory.createApplicationContext(Application, { logger: false })
await app.init()
const connection = app.get(AmqpConnection)
const publish = (name: string): Promise<unknown> =>
  connection.publish(named('main'), 'work', { name })

await step('subscribe', async () => {
  await publish('good')
  await until('the message', () => seen.includes('good'))
  return { seen: [...seen] }
})
await step('nack and requeue', async () => {
  await publish('again')
  await until('the second try', () => requeued === 2)
  return {}
})
await step('dead letter', async () => {
  await publish('bad')
  await until('the dead letter', () => seen.includes('dead bad'))
  const [death] = deaths[0]!.properties.headers['x-death'] as Record<string, unknown>[]
  return { reason: death?.['reason'], queue: death?.['queue'] === named('work') }
})
await step('rpc', () =>
  connection.request({
    exchange: named('main'),
    routingKey: 'double',
    payload: { number: 21 },
    timeout: 10_000,
  }),
)
await app.close()
process.exit()
