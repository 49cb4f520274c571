// Logins with tokens on a node: where the settings say that keys come from, and how tokens are read.
import type { TokenSettings } from '../auth/oauth/claims.ts'
import { type KeySource, SigningKeys } from '../auth/oauth/signing-keys.ts'
import { TokenLogin } from '../auth/oauth/token-login.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { isLoopback } from '../lib/loopback.ts'
import { authLimits } from '../limits/auth.ts'
import type { HttpGet } from '../server/http-get.ts'
import { readSmallFile } from '../settings/settings-file.ts'
import type { Settings } from '../settings/settings.ts'

export interface TokenParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly httpGet: HttpGet
}

/** Undefined where no setting says whose tokens are taken. The keys are read meanwhile. */
export function openTokens(options: Settings, parts: TokenParts): TokenLogin | undefined {
  const source = keySourceOf(options, parts)
  if (source === undefined) return undefined
  const { clock, logger } = parts
  const keys = new SigningKeys(source, { clock, logger })
  // What is wrong with the settings is told now, and not only when somebody cannot log in.
  void keys.refresh()
  return new TokenLogin(tokenSettingsOf(options), keys, clock)
}

function tokenSettingsOf(options: Settings): TokenSettings {
  const { oauthResourceServerId: resourceServerId } = options
  return {
    issuer: options.oauthIssuer,
    resourceServerId,
    scopePrefix: options.oauthScopePrefix ?? `${resourceServerId}.`,
    additionalScopes: options.oauthAdditionalScopesKey,
    scopeAliases: aliasesOf(options.oauthScopeAliases),
    usernameClaims: options.oauthPreferredUsernameClaims,
  }
}

/** From `NAME=SCOPE SCOPE`. */
function aliasesOf(given: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const aliases = new Map<string, readonly string[]>()
  for (const assignment of given) {
    const end = assignment.indexOf('=')
    const name = assignment.slice(0, end)
    const scopes = assignment.slice(end + 1).split(' ')
    aliases.set(name, [...(aliases.get(name) ?? []), ...scopes])
  }
  return aliases
}

function keySourceOf(
  { oauthJwks, oauthIssuer }: Settings,
  parts: TokenParts,
): KeySource | undefined {
  if (oauthJwks !== undefined) return sourceAt(oauthJwks, parts)
  return oauthIssuer === undefined ? undefined : sourceOfIssuer(oauthIssuer, parts)
}

function sourceAt(place: string, parts: TokenParts): KeySource {
  if (!/^https?:\/\//.test(place)) {
    return { name: place, read: () => readSmallFile(place, 'file of keys') }
  }
  const url = new URL(place)
  warnIfOpen(url, parts.logger)
  return { name: shown(url), read: () => get(url, parts) }
}

/** OpenID Connect Discovery 1.0 §4: the issuer says where its keys are. */
function sourceOfIssuer(issuer: string, parts: TokenParts): KeySource {
  const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  warnIfOpen(url, parts.logger)
  const read = async (): Promise<string> => {
    const found: unknown = JSON.parse(await get(url, parts))
    const said = (typeof found === 'object' && found !== null ? found : {}) as {
      readonly issuer?: unknown
      readonly jwks_uri?: unknown
    }
    if (said.issuer !== issuer)
      throw new Error(`the issuer there is ${JSON.stringify(said.issuer)}`)
    if (typeof said.jwks_uri !== 'string' || !/^https?:\/\//.test(said.jwks_uri)) {
      throw new Error('there is no jwks_uri')
    }
    const keysUrl = new URL(said.jwks_uri)
    if (url.protocol === 'https:') warnIfOpen(keysUrl, parts.logger)
    return get(keysUrl, parts)
  }
  return { name: shown(url), read }
}

function get(url: URL, { httpGet, clock }: TokenParts): Promise<string> {
  const { issuerMsMax: msMax, issuerAnswerSizeMax: sizeMax } = authLimits
  return httpGet(url, { clock, msMax, sizeMax })
}

function warnIfOpen(url: URL, logger: Logger): void {
  if (url.protocol === 'https:' || isLoopback(url.hostname.replaceAll(/[[\]]/g, ''))) return
  const text =
    'Keys for tokens are read over plain HTTP: who can change them on the way can log in as anybody'
  logger.warn({ from: shown(url) }, text)
}

/** Without a password or a key that may be in it. */
function shown({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}
