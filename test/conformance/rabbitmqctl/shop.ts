// What there is on the broker that commands are given to, and a client that stays for as long.
import { connect } from 'amqplib'

/** Resolves with what ends the client. */
export async function openShop(url: string): Promise<() => Promise<void>> {
  const connection = await connect(url)
  const isGone = new Promise<void>((resolve) => connection.once('close', () => resolve()))
  // Commands may close it.
  connection.on('error', () => undefined)
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => undefined)
  await channel.prefetch(10)
  await channel.assertQueue('orders', { durable: true, arguments: { 'x-max-length': 10 } })
  await channel.assertQueue('temp', { durable: false })
  const other = { 'alternate-exchange': 'amq.fanout' }
  await channel.assertExchange('shop-x', 'topic', { durable: true, arguments: other })
  await channel.bindQueue('orders', 'shop-x', 'order.#', { a: 1 })
  for (const text of ['x', 'y']) channel.sendToQueue('orders', Buffer.from(text))
  await channel.waitForConfirms()
  await channel.consume('temp', () => undefined, { consumerTag: 'tag-1' })
  let isOpen = true
  void isGone.then(() => (isOpen = false))
  return async () => {
    if (isOpen) await connection.close()
  }
}
