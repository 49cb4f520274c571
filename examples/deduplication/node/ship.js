// Queues parcels, once each, however often it is started. Usage: node ship.js FIRST_ID LAST_ID

import amqp from 'amqplib'
import { declare, exchange } from './parcels.js'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const [first, last] = process.argv.slice(2).map(Number)

const connection = await amqp.connect(url)
const channel = await connection.createConfirmChannel()
await declare(channel)
for (let id = first; id <= last; id += 1) {
  const body = Buffer.from(JSON.stringify({ id }))
  const headers = { 'x-deduplication-header': `parcel-${id}` }
  channel.publish(exchange, '', body, { persistent: true, headers }, (error) => {
    // A confirm of a parcel that was sent before says that the first one is on disk.
    if (!error) console.log(`shipped ${id}`)
  })
}
await channel.waitForConfirms()
await connection.close()
