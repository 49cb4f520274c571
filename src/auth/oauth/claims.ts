// What the claims of a token say, as RabbitMQ reads them (rabbit_auth_backend_oauth2.erl). Whatever has not the form
// that is expected counts as left out: who signed the token wrote it, but not for this broker alone.
import { authLimits } from '../../limits/auth.ts'
import { escapeWildcard } from './wildcard.ts'

/** The body of a token. */
export type Claims = Readonly<Record<string, unknown>>

/** How tokens are read. */
export interface TokenSettings {
  /** What `iss` has to be; undefined for anybody whose keys are known. */
  readonly issuer: string | undefined
  /** Among what `aud` names there has to be this. */
  readonly resourceServerId: string
  /** What scopes for this broker begin with. */
  readonly scopePrefix: string
  /** Claims with further scopes; a dot leads into an object. */
  readonly additionalScopes: readonly string[]
  /** Scopes that stand for others, which have the prefix. */
  readonly scopeAliases: ReadonlyMap<string, readonly string[]>
  /** Claims that name the user; the first that is there counts. */
  readonly usernameClaims: readonly string[]
}

/** Scopes of one token for this broker, without their prefix. */
export interface TokenScopes {
  readonly scopes: readonly string[]
  readonly tags: readonly string[]
}

/** Keycloak and others put the scopes of a requesting party token here (UMA 2). */
const requestingPartyScopes = 'authorization.permissions.scopes'
const tagPrefix = 'tag:'

/** As RabbitMQ where no claim names one. */
const unknownUser = 'unknown'

export function userOf(claims: Claims, { usernameClaims }: TokenSettings): string {
  for (const name of usernameClaims) {
    const value = claimOf(claims, name)
    if (typeof value === 'string' && value !== '') return value
  }
  return unknownUser
}

/** Whether the token is for this broker. */
export function isFor(claims: Claims, { resourceServerId }: TokenSettings): boolean {
  return wordsOf(claimOf(claims, 'aud')).includes(resourceServerId)
}

/** Undefined when there are more than any broker needs. */
export function scopesOf(claims: Claims, settings: TokenSettings): TokenScopes | undefined {
  const { scopePrefix, additionalScopes, scopeAliases } = settings
  const named = ['scope', requestingPartyScopes, ...additionalScopes].flatMap((path) =>
    valuesAt(claims, path.split('.')).flatMap((value) => namedScopes(value, settings)),
  )
  const all = named.flatMap((scope) => [scope, ...(scopeAliases.get(scope) ?? [])])
  const own = all.filter((scope) => scope.startsWith(scopePrefix))
  const scopes = [...new Set(own.map((scope) => scope.slice(scopePrefix.length)))]
  if (scopes.length > authLimits.scopesMax) return undefined
  const tags = scopes.filter((scope) => scope.startsWith(tagPrefix))
  return {
    scopes: scopes.flatMap((scope) => expandClaims(scope, claims)),
    tags: tags.map((tag) => tag.slice(tagPrefix.length)).slice(0, authLimits.tagsPerUserMax),
  }
}

/** Never what every object has. */
function claimOf(claims: object, name: string): unknown {
  return Object.hasOwn(claims, name) ? (claims as Claims)[name] : undefined
}

function wordsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  if (!Array.isArray(value)) return []
  return value.filter((word): word is string => typeof word === 'string')
}

/** All values at the end of a path; lists are gone through. */
function valuesAt(value: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (name === undefined) return [value]
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, [name, ...rest]))
  if (typeof value !== 'object' || value === null) return []
  return valuesAt(claimOf(value, name), rest)
}

/** An object has scopes by resource server, there without the prefix. */
function namedScopes(value: unknown, { resourceServerId }: TokenSettings): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wordsOf(value)
  return wordsOf(claimOf(value, resourceServerId)).map((scope) => `${resourceServerId}.${scope}`)
}

/**
 * Puts claims in the place of `{claim}`. A scope is left out whose claim is missing, or is longer than any name: it
 * would fit none, and two thousand scopes may have it.
 */
function expandClaims(scope: string, claims: Claims): string[] {
  let isWhole = true
  const expanded = scope.replaceAll(/\{([^{}.*]+)\}/g, (all, name: string) => {
    if (name === 'vhost') return all
    const value = claimOf(claims, name)
    if (typeof value === 'string' && Buffer.byteLength(value) <= authLimits.nameSizeMax) {
      return escapeWildcard(value)
    }
    isWhole = false
    return ''
  })
  return isWhole ? [expanded] : []
}
