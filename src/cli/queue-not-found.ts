import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'

/** What a command for one queue says when there is none; `path` is that of the request. */
export function queueNotFound([, vhost, name]: readonly string[]): ExitError {
  const text = `there is no queue '${name}' in virtual host '${vhost}'; see pabal queue list`
  return new ExitError(exitCodes.noInput, text)
}
