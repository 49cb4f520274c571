// The virtual host that a client of STOMP wants, by its first frame (STOMP 1.2 "CONNECT"): `host`. What makes no sense
// is for whoever serves the usual one, who tells the client so.
import { FrameReader } from '../../../codec/stomp/frame-reader.ts'
import type { FirstReader } from '../../arriving-client.ts'

export class FirstFrameReader implements FirstReader<string> {
  readonly #reader = new FrameReader()
  readonly #defaultVHost: string

  constructor(defaultVHost: string) {
    this.#defaultVHost = defaultVHost
  }

  read(bytes: Buffer): string | undefined {
    const reader = this.#reader
    try {
      reader.push(bytes)
      if (!reader.next()) {
        reader.keepRest()
        return undefined
      }
      const isLogin = reader.command === 'CONNECT' || reader.command === 'STOMP'
      // As the login reads it: old clients write a blank after the colon.
      const host = isLogin ? reader.headers.get('host') : undefined
      const isOld = reader.headers.get('accept-version') === undefined
      reader.release()
      return (isOld ? host?.replace(/^ +/, '') : host) ?? this.#defaultVHost
    } catch {
      reader.release()
      return this.#defaultVHost
    }
  }
}
