// Asks the HTTP API.
import { signal, type Signal } from '@preact/signals'

/** What the API refused, or why it could not be asked. */
export class Problem extends Error {
  /** 0 when no answer came. */
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string) {
    super(reason)
    this.name = 'Problem'
    this.status = status
    this.reason = reason
  }
}

/** Whether the API asks for a login before it says anything. */
export const isLoginNeeded: Signal<boolean> = signal(false)

/** Whether somebody was logged in since the page was loaded: then a login is asked for again. */
export const hasLoggedIn: Signal<boolean> = signal(false)

/** With it the API leaves out the header for which browsers ask for a password by themselves. */
export const ownHeaders: Readonly<Record<string, string>> = { 'X-Requested-With': 'pabal-ui' }

/**
 * From now on each request comes with this token, or with none. It stays in memory: whoever loads the page again
 * gives it again.
 */
export function setToken(token: string | undefined): void {
  const headers = ownHeaders as Record<string, string>
  if (token === undefined) delete headers['Authorization']
  else headers['Authorization'] = `Bearer ${token}`
}

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

export interface AskOptions {
  readonly signal?: AbortSignal
}

/**
 * The JSON that the API answers; undefined when it answers without any.
 * `path` begins behind `/api`.
 * @throws Problem
 */
export async function ask<T>(
  method: Method,
  path: string,
  body?: unknown,
  options: AskOptions = {},
): Promise<T> {
  const response = await fetch(apiUrl(path), {
    method,
    headers:
      body === undefined ? ownHeaders : { ...ownHeaders, 'Content-Type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
    ...options,
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem(0, 'The broker does not answer')
  })
  const text = await response.text()
  if (!response.ok) throw problemOf(response.status, text)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** What an answer that is no success says. */
export function problemOf(status: number, text: string): Problem {
  const { error, reason } = refusalIn(text)
  // The other 401 is `not_authorised`: whoever has logged in lacks a right.
  if (status === 401 && error === 'not_authorized') isLoginNeeded.value = true
  return new Problem(status, reason ?? `The broker answered with ${status}`)
}

interface Refusal {
  readonly error?: string
  readonly reason?: string
}

function refusalIn(text: string): Refusal {
  try {
    const { error, reason } = JSON.parse(text) as Record<string, unknown>
    return {
      ...(typeof error === 'string' ? { error } : {}),
      ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
    }
  } catch {
    return {}
  }
}

/**
 * What `fetch` is given for a path of the API.
 * @throws Problem for a path that it would not send as it is
 */
export function apiUrl(path: string): string {
  if (!hasDots(path)) return `/api${path}`
  throw new Problem(400, 'The name is “.” or “..”, which a browser cannot send: use curl')
}

/** `fetch` shortens `/a/../b` to `/b`, also when the dots are percent-encoded: that is something else's path. */
function hasDots(path: string): boolean {
  return /\/\.{1,2}(?=\/|$)/.test(path.replace(/\?[^]*$/, ''))
}

/** Who is logged in: `curl` asks for the password of all but guest, whose password is known. */
export const caller: Signal<string> = signal('guest')

/** The same as a command for a shell. */
export function curlOf(method: Method, path: string, body?: unknown): string {
  const url = shellQuoted(`${location.origin}/api${path}`)
  const asIs = hasDots(path) ? ' --path-as-is' : ''
  const verb = method === 'GET' || (method === 'POST' && body !== undefined) ? '' : ` -X ${method}`
  const data = body === undefined ? '' : ` -d ${shellQuoted(JSON.stringify(body))}`
  const login = shellQuoted(caller.value === 'guest' ? 'guest:guest' : caller.value)
  return `curl -u ${login}${asIs}${verb}${data} ${url}`
}

/**
 * A word of a shell's command line. A terminal acts on controls that are pasted into it, and shows what changes the
 * direction of a text as something else: both are written as escapes.
 */
export function shellQuoted(word: string): string {
  if (/^(?!=)[\w@%+=:,./-]+$/.test(word)) return word
  if (!unseen.test(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`
  const escaped = word.replaceAll(/[\\']/g, String.raw`\$&`)
  return `$'${escaped.replaceAll(new RegExp(unseen, 'gu'), escapeOf)}'`
}

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

function escapeOf(character: string): string {
  if (character === '\n') return String.raw`\n`
  if (character === '\t') return String.raw`\t`
  const bytes = [...new TextEncoder().encode(character)]
  return bytes.map((byte) => String.raw`\x${byte.toString(16).padStart(2, '0')}`).join('')
}

/** Whether a command line can hold it: arguments end at a zero, and are read as UTF-8. */
export function isTypable(text: string): boolean {
  return text.isWellFormed() && !/\0|\\x00/.test(text)
}
