// The door to other machines' HTTP: asks for one small document.
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../lib/clock.ts'

export interface HttpGetLimits {
  readonly clock: Clock
  /** The whole answer is there by then. */
  readonly msMax: number
  readonly sizeMax: number
}

/** Resolves with the body of an answer with status 200; anything else rejects, a redirect as well. */
export type HttpGet = (url: URL, limits: HttpGetLimits) => Promise<string>

/** Over TLS the machine's certificate authorities count, and those of NODE_EXTRA_CA_CERTS. */
export const httpGet: HttpGet = async (url, { clock, msMax, sizeMax }) => {
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json' }
    const asked = request(url, { agent: false, headers }, (answer) => {
      readBody(answer, sizeMax).then(resolve, reject)
    })
    const timer = clock.after(msMax, () => {
      asked.destroy(new Error(`no answer within ${msMax / 1000} s`))
    })
    asked.on('error', reject)
    asked.on('close', () => {
      timer.stop()
      // Of an answer that changes the protocol (status 101) Node says nothing else.
      reject(new Error('the connection was closed without an answer'))
    })
    asked.end()
  })
}

async function readBody(answer: IncomingMessage, sizeMax: number): Promise<string> {
  if (answer.statusCode !== 200) {
    answer.destroy()
    throw new Error(`the answer has status ${answer.statusCode}`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    // Leaving the loop ends the connection.
    if (size > sizeMax) throw new Error(`the answer has more than ${sizeMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
