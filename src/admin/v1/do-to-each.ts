// What is done to several things that a request names.
import { BrokerError } from '../../broker/broker-error.ts'
import { whenDurable } from '../../broker/when-durable.ts'

type Ticket = Parameters<typeof whenDurable>[0]

/** What was done to one of them, as it is shown. */
export interface DoneToOne<Done> {
  readonly done: Done
  readonly ticket: Ticket
}

/** Each by itself: one that is refused holds no other up. Answered when all of it is durable. */
export async function doToEach<Name extends object, Done>(
  names: readonly Name[],
  act: (name: Name) => Promise<DoneToOne<Done>>,
): Promise<{ done: Done[]; refused: (Name & { reason: string })[] }> {
  const done: Done[] = []
  const refused: (Name & { reason: string })[] = []
  let last: Ticket
  for (const name of names) {
    try {
      const one = await act(name)
      last = one.ticket ?? last
      done.push(one.done)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      refused.push({ ...name, reason: error.message })
    }
  }
  await whenDurable(last)
  return { done, refused }
}
