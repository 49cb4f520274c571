import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Answer } from './broker-client.ts'

/** Why the broker did not do what was asked, as the end of the program; `what` says what that is. */
export function refusal({ status, body }: Answer, what: string): ExitError {
  const { reason = `status ${status}` } = (body ?? {}) as { readonly reason?: string }
  const lines = reason.split('\n').filter((line) => line !== '' && line !== 'Validation failed')
  if (status !== 404) return new ExitError(exitCodes.usage, `${what}: ${lines.join('; ')}`)
  // RabbitMQ's words for it say less than `what`.
  const detail = reason === 'vhost_not_found' ? ': there is no such virtual host' : ''
  return new ExitError(exitCodes.noInput, `${what}${detail}`)
}
