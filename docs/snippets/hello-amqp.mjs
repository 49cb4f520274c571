// npm install amqplib
import { connect } from 'amqplib'

const connection = await connect('amqp://guest:guest@localhost:5672')
const channel = await connection.createConfirmChannel()
await channel.assertQueue('hello', { durable: true })

channel.sendToQueue('hello', Buffer.from('Hello, Pabal'), { persistent: true })
await channel.waitForConfirms()

const message = await channel.get('hello')
console.log(message.content.toString())
channel.ack(message)
await channel.close() // the ack goes first
await connection.close()
