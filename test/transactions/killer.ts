// Kills the broker at any moment and starts it again: after some number of answers, or as soon as it gets a request
// that changes the state of a transaction, which it may have begun with or not.
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../src/lib/random.ts'
import { waitFor } from '../support/wait-for.ts'
import type { CheckedBroker } from './checked-broker.ts'
import type { LinkContext } from './link.ts'

export interface KillerOptions {
  readonly broker: CheckedBroker
  readonly links: LinkContext
  readonly random: Random
  readonly isDone: () => boolean
}

const moments = [
  'endTxn',
  'endTxn',
  'endTxn',
  'tx.commit',
  'tx.commit',
  'txnOffsetCommit',
  'addPartitionsToTxn',
  'initProducerId',
  'produce',
] as const
/** From a request to the kill, at most. */
const delayMsMax = 6

/** So many times at most. */
export async function killNowAndThen(options: KillerOptions, kills: number): Promise<void> {
  const { links, random, isDone, broker } = options
  for (let left = kills; left > 0 && !isDone(); left--) {
    const until = links.answered + 20 + random.below(400)
    await waitFor('it is time', () => isDone() || links.answered >= until, 300_000)
    if (random.below(3) > 0) await aMoment(options)
    if (isDone()) return
    await broker.crash(random)
  }
}

async function aMoment({ links, random, isDone }: KillerOptions): Promise<void> {
  const moment = moments[random.below(moments.length)]
  const afterMs = random.below(delayMsMax)
  const { promise: sent, resolve } = Promise.withResolvers<void>()
  links.onSent = (what) => {
    if (what === moment) resolve()
  }
  await Promise.race([sent, waitFor('the moment', isDone, 300_000)])
  links.onSent = undefined
  await delay(afterMs)
}
