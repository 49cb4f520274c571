// What a node says in a request to another one: which cell it is for, and who asks. No client can: it is read from links
// only, and each link has shown that it is a node's.
import type { Principal } from '../../auth/principal.ts'
import { isObject } from '../../lib/is-object.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { Caller, LoginKind } from '../api/caller.ts'
import type { Target } from '../api/where.ts'

/** The header that has it. */
export const linkHeader = 'x-pabal-link'

/** A node that answers so has not got the cell, and has done nothing. */
export const notHereStatus = 421

export interface LinkHead {
  readonly target: Target
  /** Undefined for operations that are open. */
  readonly caller?: LinkCaller | undefined
  readonly listed?: number | undefined
}

/** Who asks. A token goes along as it came: whoever answers reads what it permits. */
export interface LinkCaller {
  readonly login: LoginKind
  readonly user: string
  readonly tags: readonly string[]
  readonly address: string
}

export function encodeLinkHead({ target, caller, listed }: LinkHead): string {
  // JSON has no number for all of a list.
  const count = listed === undefined ? undefined : Math.min(listed, Number.MAX_SAFE_INTEGER)
  return Buffer.from(JSON.stringify({ target, caller, listed: count })).toString('base64url')
}

/** Undefined for what no node of this version or the one before writes. */
export function decodeLinkHead(text: string): LinkHead | undefined {
  if (text.length > clusterHttpLimits.linkHeaderSizeMax) return undefined
  let head: unknown
  try {
    head = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
  if (!isObject(head) || !isObject(head['target'])) return undefined
  const { target, caller, listed } = head
  const isTarget = Number.isSafeInteger(target['cell'] ?? target['node'])
  const isCaller = caller === undefined || (isObject(caller) && typeof caller['user'] === 'string')
  return isTarget && isCaller ? ({ target, caller, listed } as unknown as LinkHead) : undefined
}

export function linkCallerOf({ principal, login }: Caller): LinkCaller {
  const { user, tags, address } = principal
  return { login: login.kind, user, tags, address }
}

export function principalOf({ user, tags, address }: LinkCaller): Principal {
  return { protocol: 'HTTP', user, tags, address }
}
