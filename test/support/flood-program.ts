// What a flood thread runs: a user publishes on many channels of many connections at once, as fast as its
// sockets take it, until it is told to stop.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { type Channel, connect } from 'amqplib'
import type { FloodPlan } from './flood-thread.ts'

const { url, queue, connectionCount, channelCount, messageSize } = workerData as FloodPlan
/** Published in a turn of the event loop, so that the thread hears when it is told to stop. */
const atOnce = 50

const message = Buffer.alloc(messageSize)
const channels: Channel[] = []
const state = { isOver: false }
let published = 0

async function publish(channel: Channel): Promise<void> {
  while (!state.isOver) {
    let hasRoom = true
    for (let n = 0; n < atOnce && hasRoom; n++) {
      hasRoom = channel.sendToQueue(queue, message)
      published++
    }
    await (hasRoom ? new Promise(setImmediate) : once(channel, 'drain'))
  }
}

for (let n = 0; n < connectionCount; n++) {
  const connection = await connect(url)
  connection.on('error', () => undefined)
  for (let m = 0; m < channelCount; m++) {
    const channel = await connection.createChannel()
    channel.on('error', () => undefined)
    channels.push(channel)
  }
}
for (const channel of channels) void publish(channel)
assert.ok(parentPort)
parentPort.on('message', () => {
  state.isOver = true
  parentPort?.postMessage(published)
})
parentPort.postMessage('floods')
