// Each call of RabbitMQ's management API that clients and monitors make has the same status from Pabal and from
// RabbitMQ, and the fields that RabbitMQ answers with, of the same types, but for what is accepted.
import type { Brokers } from '../compare.ts'
import { whyField, whyStatus } from './accepted.ts'
import { type Answer, playCalls } from './play.ts'
import { lackingIn } from './shape.ts'

export interface ComparedCalls {
  readonly count: number
  readonly differences: readonly string[]
}

/** To be called before anything is done with the brokers. */
export async function compareCalls({ pabal, reference }: Brokers): Promise<ComparedCalls> {
  const [ours, theirs] = await Promise.all([playCalls(pabal), playCalls(reference)])
  const differences = theirs.flatMap((answer, index) => compare(ours[index]!, answer))
  return { count: theirs.length, differences }
}

function compare(ours: Answer, theirs: Answer): string[] {
  const call = describeCall(theirs)
  if (ours.status !== theirs.status) {
    const isMeant = whyStatus(call, ours.status, theirs.status) !== undefined
    return isMeant ? [] : [`${call}\n  ${textOf(ours)}\n  instead of ${textOf(theirs)}`]
  }
  if (theirs.shape === undefined) return []
  if (ours.shape === undefined) return [`${call}\n  ${textOf(ours)}: no JSON`]
  return lackingIn(ours.shape, theirs.shape)
    .filter(({ place }) => whyField(place) === undefined)
    .map(({ told }) => `${call}\n  ${told}`)
}

function describeCall({ call: { method, path, body } }: Answer): string {
  return `${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`
}

function textOf({ status, text }: Answer): string {
  return `${status} ${text.slice(0, 200)}`
}
