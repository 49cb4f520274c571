// How AMQP clients connect and leave, and the channels of their connections.
import type { Life, Protocol } from '../client.ts'
import type { QueueLife } from '../model/queue-life.ts'
import { AmqpConnection } from './amqp-connection.ts'
import { Session, type SessionMode } from './session.ts'

export type AmqpLife = Life<AmqpConnection>

export const amqpProtocol: Protocol<AmqpConnection> = {
  service: 'amqp',
  open: (link, { world, draw }) =>
    AmqpConnection.open(link, {
      clock: world.clock,
      heartbeatSeconds: draw.oneOf([1, 5, 30]),
      frameMax: draw.oneOf([4096, 8192, 131_072]),
    }),
  async close(connection, isPolite) {
    if (isPolite) await connection.close()
    else connection.kill()
  },
  endOf: ({ ended }) => ended,
}

/** Opens a channel. Rejects with `Ended`. */
export async function openSession(life: AmqpLife, mode: SessionMode): Promise<Session> {
  const { name, connection, world } = life
  const channel = await connection.channel()
  const session = new Session(`${name}.${channel.number}`, channel, world.model, mode)
  await session.select()
  return session
}

/** A queue whose messages are taken out of it; not one that belongs to a connection. */
export function pickWorkQueue(life: AmqpLife): QueueLife | undefined {
  return life.pick(({ kind }) => kind.type === 'queue' && !kind.isExclusive)
}
