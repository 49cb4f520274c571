// Books each deposit once, however often it comes.

import { DatabaseSync } from 'node:sqlite'
import amqp from 'amqplib'

const url = process.env.AMQP_URL ?? 'amqp://guest:guest@localhost:5672'
const queue = 'deposits'

const database = new DatabaseSync(process.env.BANK_FILE ?? 'bank.sqlite')
database.exec(`
  CREATE TABLE IF NOT EXISTS seen (message_id TEXT PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL)
`)
const see = database.prepare('INSERT INTO seen VALUES (?) ON CONFLICT DO NOTHING')
const add = database.prepare(
  'INSERT INTO accounts VALUES (?, ?) ON CONFLICT DO UPDATE SET balance = balance + excluded.balance',
)

/** Returns whether the deposit is new. The id and what it did are in one transaction: both or none. */
function book(messageId, { account, amount }) {
  database.exec('BEGIN IMMEDIATE')
  try {
    const isNew = see.run(messageId).changes === 1
    if (isNew) add.run(account, amount)
    database.exec('COMMIT')
    return isNew
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
await channel.assertQueue(queue, { durable: true })
await channel.prefetch(10)
await channel.consume(queue, (message) => {
  const { messageId } = message.properties
  const isNew = book(messageId, JSON.parse(message.content.toString()))
  console.log(isNew ? `booked ${messageId}` : `has ${messageId} already`)
  // After the commit: a crash in between brings the message again, which does no harm.
  channel.ack(message)
})
console.log('waiting for deposits')
