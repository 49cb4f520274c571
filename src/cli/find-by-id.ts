// What a command names by its id alone: its path has its virtual host, which only the thing itself knows.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerClient } from './broker-client.ts'
import { refusal } from './refusal.ts'

/** A `job` or a `trace`, as the broker lists it. Rejects with an `ExitError` for one that is not there. */
export async function findById<T extends { readonly id: string }>(
  broker: BrokerClient,
  kind: 'job' | 'trace',
  id: string,
): Promise<T> {
  const answer = await broker.ask('GET', ['v1', `${kind}s`])
  if (answer.status >= 400) throw refusal(answer, `${kind}s cannot be seen`)
  const found = (answer.body as readonly T[]).find((known) => known.id === id)
  if (found !== undefined) return found
  const advice = `see ${broker.commandLine(`${kind} list`)}`
  throw new ExitError(exitCodes.noInput, `there is no ${kind} '${id}'; ${advice}`)
}
