// No pipeline of methods makes another connection wait: clients send as many as fit, while somebody asks
// Kafka's port for its versions.
//
// On an idle machine nobody waits for 100 ms. The bound here is for machines that run other tests as well.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PingThread } from '../../support/ping-thread.ts'
import { RawClient } from '../../support/raw-client.ts'
import {
  encodeFrame,
  encodeMethod,
  FRAME_METHOD,
  type RawArguments,
} from '../../support/raw-codec.ts'
import { TestBroker } from '../../support/start-test-broker.ts'

const waitMsMax = 200
/** Other tests make others wait as well: one round in which nobody did is enough. */
const roundsMax = 5
const clientCount = 80
const pipelineLength = 20_000

let broker: TestBroker
let pings: PingThread
before(async () => {
  broker = await TestBroker.start(['--kafka-port', '0', '--log-level', 'silent'])
  pings = new PingThread(broker.kafkaPort)
  await pings.longestMs()
})
after(async () => {
  await pings[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

/** name → method and arguments; each has its effect and no answer. */
const kinds: Readonly<Record<string, readonly [string, RawArguments]>> = {
  'looks at an exchange': [
    'exchange.declare',
    { exchange: 'amq.direct', type: 'direct', passive: true, noWait: true },
  ],
  'messages to nobody': ['basic.publish', { routingKey: 'nobody' }],
}

/** How long others waited at most while many clients had their pipelines done. */
async function longestWait(pipeline: Buffer): Promise<number> {
  const opening = Array.from({ length: clientCount }, () => RawClient.openChannel(broker.port))
  const clients = await Promise.all(opening)
  await pings.longestMs()
  const answers = clients.map((client) => {
    client.sendBytes(pipeline)
    return client.call(1, 'basic.qos', { prefetchCount: 1 })
  })
  await Promise.all(answers)
  const waitMs = await pings.longestMs()
  for (const client of clients) await client[Symbol.asyncDispose]()
  return waitMs
}

for (const [name, [method, args]] of Object.entries(kinds)) {
  test(`others do not wait for a pipeline of ${name}`, async () => {
    const header = Buffer.from([2, 0, 1, 0, 0, 0, 14, 0, 60, ...Buffer.alloc(12), 0xce])
    const frame = encodeFrame(FRAME_METHOD, 1, encodeMethod(method, args))
    const one = method === 'basic.publish' ? Buffer.concat([frame, header]) : frame
    const pipeline = Buffer.concat(Array.from({ length: pipelineLength }, () => one))
    let shortest = Infinity
    for (let round = 0; round < roundsMax && shortest >= waitMsMax; round++) {
      shortest = Math.min(shortest, await longestWait(pipeline))
    }
    assert.ok(shortest < waitMsMax, `others waited ${shortest.toFixed(0)} ms`)
  })
}
