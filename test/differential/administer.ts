// Requests to a broker's management API, as the administrator that its URL names.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { loginOfUrl } from './connect-as.ts'
import type { Endpoints } from './endpoints.ts'
import type { AccessOperation } from './operation.ts'

type Request = Pick<AccessOperation & { kind: 'administer' }, 'method' | 'path' | 'body'>

/** The status of the answer: texts for people differ. */
export async function administer(
  { amqp, management }: Endpoints,
  { method, path, body }: Request,
): Promise<number> {
  if (management === undefined) throw new TypeError('This script needs the management API')
  const { user, password } = loginOfUrl(amqp)
  const content = body === undefined ? '' : JSON.stringify(body)
  const headers = {
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(content),
  }
  const auth = `${user}:${password}`
  const sent = request({ ...management, method, path, auth, headers }).end(content)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.resume()
  await once(answer, 'end')
  return answer.statusCode as number
}
