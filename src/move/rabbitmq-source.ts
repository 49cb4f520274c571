// Where messages come from: the address of a RabbitMQ, and how to connect to it.
import type { ChannelModel } from 'amqplib'
import { MoveError } from './move-error.ts'

export interface RabbitmqSource {
  readonly url: URL
  readonly vhost: string
  readonly user: string
  readonly password: string
  /** Certificates of who signed the server's; undefined for those that everybody knows. */
  readonly ca: Buffer | undefined
}

export interface SourceSecrets {
  /** Stands before that of the address. */
  readonly password: string | undefined
  readonly ca: Buffer | undefined
}

/** The path of an address is RabbitMQ's: none is `/`, and `/%2F` is `/` as well. Undefined when it is none. */
export function parseSource(from: string, secrets: SourceSecrets): RabbitmqSource | undefined {
  if (!URL.canParse(from)) return undefined
  const url = new URL(from)
  if (url.hostname === '' || !['amqp:', 'amqps:'].includes(url.protocol)) return undefined
  const path = url.pathname.slice(1)
  try {
    return {
      url,
      vhost: path === '' ? '/' : decodeURIComponent(path),
      user: decodeURIComponent(url.username) || 'guest',
      password: secrets.password ?? (decodeURIComponent(url.password) || 'guest'),
      ca: secrets.ca,
    }
  } catch {
    return undefined
  }
}

/** Rejects with a `MoveError` that does not have the password in it. */
export async function connectToRabbitmq(source: RabbitmqSource): Promise<ChannelModel> {
  const { url, vhost, user, password, ca } = source
  const { connect } = await import('amqplib')
  try {
    const address = {
      protocol: url.protocol.slice(0, -1),
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      ...(url.port !== '' && { port: Number(url.port) }),
      username: user,
      password,
      // amqplib decodes it once more.
      vhost: encodeURIComponent(vhost),
      // What is held back for long would be taken for the end of the source; TCP notices that by itself.
      heartbeat: 0,
    }
    const clientProperties = { connection_name: 'pabal move' }
    const options = { keepAlive: true, keepAliveDelay: 30_000, clientProperties }
    return await connect(address, { ...options, ...(ca !== undefined && { ca }) })
  } catch (error) {
    const { message } = error as Error
    const isDenied = /ACCESS[-_]REFUSED|NOT[-_]ALLOWED|NOT_FOUND/i.test(message)
    const what = `cannot connect to ${url.protocol}//${url.host} as '${user}': ${message}`
    const advice = message.includes('Login was refused')
      ? ': is the password in --from-password-file its own?'
      : ''
    throw new MoveError(isDenied ? 'denied' : 'unreachable', what + advice, { cause: error })
  }
}
