// rascal against an AMQP broker: node rascal.ts HOST:PORT PREFIX

import { broker, prefix, step, until } from '../../node/report.ts'
import { load } from './load.ts'

const { BrokerAsPromised, withDefaultConfig } = load('rascal')
const named = (name: string): string => `${prefix}-${name}`

const config = {
  vhosts: {
    '/': {
      connection: { url: `amqp://guest:guest@${broker}` },
      exchanges: [named('main'), named('dead'), named('later')],
      queues: {
        [named('work')]: {
          options: {
            arguments: {
              'x-dead-letter-exchange': named('dead'),
              'x-dead-letter-routing-key': 'dead',
            },
          },
        },
        [named('dead')]: {},
        [named('wait')]: {
          options: {
            arguments: {
              'x-message-ttl': 800,
              'x-dead-letter-exchange': named('main'),
              'x-dead-letter-routing-key': 'work',
            },
          },
        },
      },
      bindings: [
        `${named('main')}[work] -> ${named('work')}`,
        `${named('dead')}[dead] -> ${named('dead')}`,
        `${named('later')}[wait] -> ${named('wait')}`,
      ],
      publications: {
        work: { exchange: named('main'), routingKey: 'work' },
        later: { exchange: named('later'), routingKey: 'wait' },
      },
      subscriptions: {
        work: { queue: named('work') },
        dead: { queue: named('dead') },
      },
    },
  },
}

const app = await BrokerAsPromised.create(withDefaultConfig(config))
const seen: string[] = []
const deaths: unknown[] = []
let tries = 0

type Answer = (error?: Error, recovery?: readonly object[]) => void

const republish = [{ strategy: 'republish', attempts: 3, defer: 100 }, { strategy: 'nack' }]

const work = await app.subscribe('work')
work.on('message', (_message: unknown, content: string, answer: Answer) => {
  seen.push(content)
  if (content === 'bad') answer(new Error('bad'), [{ strategy: 'nack' }])
  else if (content === 'flaky' && ++tries < 3) answer(new Error('again'), republish)
  else answer()
})
const dead = await app.subscribe('dead')
dead.on('message', (message: never, content: string, answer: Answer) => {
  seen.push(`dead ${content}`)
  deaths.push(message)
  answer()
})

await step('publish', async () => {
  await app.publish('work', 'good')
  await until('the message', () => seen.includes('good'))
  return { seen }
})
await step('dead letter', async () => {
  await app.publish('work', 'bad')
  await until('the dead letter', () => seen.includes('dead bad'))
  const { headers } = (deaths[0] as { properties: { headers: Record<string, never> } }).properties
  const { reason, queue, count } = headers['x-death']![0] as Record<string, string>
  return { reason, queue: queue === named('work'), count }
})
await step('delay', async () => {
  const begin = performance.now()
  await app.publish('later', 'late')
  await until('the delayed message', () => seen.includes('late'))
  return { early: performance.now() - begin < 800 }
})
await step('republish', async () => {
  await app.publish('work', 'flaky')
  await until('the third try', () => tries === 3)
  return { dead: seen.includes('dead flaky') }
})
await step('shutdown', async () => {
  await app.shutdown()
  return {}
})
