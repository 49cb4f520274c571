// Asks for the latest message of a key, again and again while the broker says that it has not come to it yet.
import { apiUrl, ownHeaders, problemOf } from '../../lib/api.ts'
import { apiPath, query } from '../../lib/names.ts'
import type { WholeMessage } from '../messages/message.ts'

export type KeyEncoding = 'text' | 'hex' | 'base64'

export interface KeyAsked {
  readonly vhost: string
  readonly name: string
  readonly key: string
  readonly encoding: KeyEncoding
}

/** A tombstone: the key was deleted there. */
export interface DeletedAt {
  readonly partition?: number
  readonly offset: number
  readonly time: number
}

export type KeyFound =
  | { readonly kind: 'message'; readonly message: WholeMessage }
  | { readonly kind: 'deleted'; readonly at: DeletedAt }
  | { readonly kind: 'none' }

/** Bytes of the payload that are shown. */
const payloadSize = 4096

/** A key as the path has it: an empty part of a path is none. */
export function lookUpPath({ vhost, name, key, encoding }: KeyAsked, cursor?: string): string {
  const isEmpty = key === ''
  const written = isEmpty ? '=' : key
  const encoded = isEmpty ? 'base64' : encoding
  const asked = { encoding: encoded === 'text' ? undefined : encoded, payload: payloadSize, cursor }
  return `${apiPath`/v1/streams/${vhost}/${name}/keys/${written}`}${query(asked)}`
}

/** `onProgress` hears how many messages have been looked at so far. Throws Problem, and an AbortError. */
export async function lookUpKey(
  asked: KeyAsked,
  signal: AbortSignal,
  onProgress: (lookedAt: number) => void,
): Promise<KeyFound> {
  let lookedAt = 0
  let cursor: string | undefined
  for (;;) {
    const response = await fetch(apiUrl(lookUpPath(asked, cursor)), { headers: ownHeaders, signal })
    const text = await response.text()
    if (response.status === 404) return absentIn(text)
    if (!response.ok) throw problemOf(response.status, text)
    if (response.status !== 202) {
      return { kind: 'message', message: JSON.parse(text) as WholeMessage }
    }
    const { next, looked_at: count } = JSON.parse(text) as { next: string; looked_at: number }
    cursor = next
    lookedAt += count
    onProgress(lookedAt)
  }
}

function absentIn(text: string): KeyFound {
  const { deleted } = JSON.parse(text) as { deleted?: DeletedAt }
  return deleted === undefined ? { kind: 'none' } : { kind: 'deleted', at: deleted }
}
