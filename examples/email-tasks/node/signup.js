// Sign-up service: registers users and queues an e-mail task for each.
// Usage: node signup.js [FIRST_ID [COUNT]]

import { setTimeout as delay } from 'node:timers/promises'
import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const queue = 'email_task_queue'

async function connect() {
  const connection = await amqp.connect(url)
  connection.on('error', () => {})
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => {})
  await channel.assertQueue(queue, { durable: true })
  return { connection, channel }
}

/** Resolves when the broker has the task on disk. */
async function publish(channel, task) {
  channel.sendToQueue(queue, Buffer.from(JSON.stringify(task)), { persistent: true })
  await channel.waitForConfirms()
}

const first = Number(process.argv[2] ?? 1)
const count = Number(process.argv[3] ?? 1)
let link

async function signUp(id) {
  const email = id === 1 ? 'user@example.com' : `user${id}@example.com`
  for (;;) {
    try {
      link ??= await connect()
      await publish(link.channel, { id, email })
      console.log(`signed up ${id}`)
      return
    } catch {
      console.error('broker is away, trying again')
      link = undefined
      await delay(200)
    }
  }
}

for (let id = first; id < first + count; id += 1) await signUp(id)
await link?.connection.close()
