// Where a broker is, and how to log in there.
import type { RequestOptions } from 'node:http'

/** Options that say which broker is meant. */
export interface BrokerFlags {
  readonly data?: string
  readonly url?: string
  readonly context?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly tokenFile?: string
  readonly tlsCa?: string
}

/** A broker on this machine: the socket in its data folder needs no login. */
export interface LocalPlace {
  readonly folder: string
}

/** One that is reached by HTTP. */
export interface RemotePlace {
  /** Without a user; what its path begins with is in front of every path. */
  readonly url: URL
  readonly login: Login | undefined
  /** Certificates (PEM) of the authorities that are trusted instead of the system's. */
  readonly ca: string | undefined
}

export type BrokerPlace = LocalPlace | RemotePlace

export type Login =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }

/** What a request to a place begins with. */
export interface ConnectOptions extends RequestOptions {
  readonly headers: Readonly<Record<string, string>>
}

/** For messages: `'/var/lib/pabal'`, or the URL. */
export function placeName(place: BrokerPlace): string {
  return 'folder' in place ? `data folder '${place.folder}'` : addressOf(place)
}

/** Its URL without a slash at the end. */
export function addressOf({ url }: RemotePlace): string {
  return url.href.replace(/\/+$/, '')
}
