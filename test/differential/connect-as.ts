// Connections of a script's users.
import { type ChannelModel, connect } from 'amqplib'
import { RawClient } from '../support/raw-client.ts'
import type { Login } from './operation.ts'

/** Who the URL of a broker names. */
export function loginOfUrl(url: string): Login {
  const { username, password, pathname } = new URL(url)
  const vhost = pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : '/'
  return { user: decodeURIComponent(username), password: decodeURIComponent(password), vhost }
}

/** Rejects with the broker's refusal. Small frames go out at once, which makes steps several times as fast. */
export async function connectAs(url: string, login: Login): Promise<ChannelModel> {
  const { user, password, vhost } = login
  const to = new URL(url)
  to.username = encodeURIComponent(user)
  to.password = encodeURIComponent(password)
  to.pathname = `/${encodeURIComponent(vhost)}`
  try {
    return await connect(to.href, { noDelay: true })
  } catch (error) {
    // amqplib keeps to itself why a virtual host is not opened.
    if (!(error as Error).message.startsWith('Expected ConnectionOpenOk')) throw error
    throw new Error(await refusalOf(Number(to.port), login), { cause: error })
  }
}

async function refusalOf(port: number, login: Login): Promise<string> {
  await using client = await RawClient.tune(port, login)
  const { code, text } = await client.expectClose(0)
  return `${code} ${text}`
}
