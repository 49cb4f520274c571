// Publishes to a queue, in order and with confirms; a message is sent once, whatever becomes of it.
import { setTimeout as delay } from 'node:timers/promises'
import { bodyOf } from '../body.ts'
import { AmqpLink } from './amqp-link.ts'
import type { ClientParts } from './client-parts.ts'

const windowSize = 20
const pauseMs = 4

export interface Publishing {
  readonly from: string
  readonly queue: string
  /** See `AmqpLink.open`. */
  readonly isPatient: boolean
}

export async function publish(
  parts: ClientParts,
  { from, queue, isPatient }: Publishing,
): Promise<void> {
  let seq = 0
  const isWanted = (): boolean => parts.isSending
  await parts.persist(isWanted, async () => {
    await using link = await AmqpLink.open(parts, isPatient)
    const channel = await link.do(link.model.createConfirmChannel())
    channel.on('error', () => undefined)
    let open = 0
    while (isWanted() && !link.isEnded) {
      if (open >= windowSize) {
        await delay(pauseMs)
        continue
      }
      const sent = parts.sends(from, seq, queue)
      open++
      channel.sendToQueue(queue, bodyOf(from, seq), { persistent: true }, (error) => {
        open--
        // amqplib calls back with an error when the channel has ended: nothing is known then.
        if (link.isEnded || error) return
        sent.outcome = 'confirmed'
        link.hears(`the confirm of ${from}:${sent.seq}`)
      })
      seq++
      await delay(pauseMs)
    }
    if (!link.isEnded) await link.do(channel.waitForConfirms())
  })
}
