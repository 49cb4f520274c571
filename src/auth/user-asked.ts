// A user as somebody asks for one in RabbitMQ's JSON: what of it can be served, and what is kept of it.
import type { Random } from '../lib/random.ts'
import { authLimits } from '../limits/auth.ts'
import type { UserRow } from '../meta/access-rows.ts'
import { findHashing, hashPassword, matchesPassword, ownHashing } from './password-hash.ts'
import { makeScramSecrets, saltSize } from './scram-secret.ts'

/** JSON; nothing of it has been looked at. */
export type UserAsked = Readonly<Record<string, unknown>>

type Secrets = Pick<UserRow, 'passwordHash' | 'hashingAlgorithm' | 'scram'>

const notTags = 'tags must be text or a list of texts'

/** Why there can be no such user, but for the number of its tags; undefined when there can. */
export function whyNoUser(name: string, asked: UserAsked): string | undefined {
  const { password, password_hash: hash, hashing_algorithm: algorithm } = asked
  if (Buffer.byteLength(name) > authLimits.nameSizeMax) {
    return `the name of a user has at most ${authLimits.nameSizeMax} bytes`
  }
  if (password !== undefined && hash !== undefined) {
    return 'both_password_and_password_hash_are_provided'
  }
  if (password !== undefined && typeof password !== 'string') return 'password must be text'
  if (algorithm !== undefined && typeof algorithm !== 'string') {
    return 'hashing_algorithm must be text'
  }
  if (asked['tags'] !== undefined && tagsOf(asked) === undefined) return notTags
  if (hash === undefined) return undefined
  if (typeof hash !== 'string' || !isBase64(hash)) return 'not_base64'
  if (algorithm === undefined || findHashing(algorithm) !== undefined) return undefined
  return `hashing algorithm ${JSON.stringify(algorithm)} is not served: use rabbit_password_hashing_sha256 or rabbit_password_hashing_sha512`
}

/** Tags as a list of texts, or as text with commas between them; undefined when there is neither. */
export function tagsOf({ tags }: UserAsked): string[] | undefined {
  const list: unknown = typeof tags === 'string' ? tags.split(',') : tags
  return isTexts(list) ? clean(list) : undefined
}

/** Why a user cannot have these tags; undefined when it can. */
export function whyNoTags(tags: readonly string[] | undefined): string | undefined {
  if (tags === undefined) return 'tags_not_present'
  const most = authLimits.tagsPerUserMax
  if (tags.length <= most) return undefined
  return `A user can have at most ${most} tags (received ${tags.length})`
}

/**
 * What is kept of the password, for what `whyNoUser` has nothing against. Neither password nor hash: from now
 * on nobody logs in with one.
 */
export async function secretsOf(
  asked: UserAsked,
  random: Random,
  before: UserRow | undefined,
): Promise<Secrets> {
  const { password, password_hash: hash = '', hashing_algorithm: algorithm } = asked
  if (typeof password === 'string' && password !== '') {
    const bytes = Buffer.from(password)
    const scram = await makeScramSecrets(bytes, () => random.bytes(saltSize))
    return { ...hashPassword(bytes, random), scram }
  }
  const passwordHash = hash as string
  const hashingAlgorithm = findHashing(algorithm) ?? ownHashing
  // The same hash is the same password: what SCRAM knows of it is still right. Who has none may have a credential of
  // SCRAM alone, and keeps it.
  const isSame = before?.passwordHash === passwordHash
  return { passwordHash, hashingAlgorithm, ...(isSame && { scram: before.scram }) }
}

/** Whether the user logs in with what is asked for already. */
export function hasSameSecrets(asked: UserAsked, before: UserRow): boolean {
  const { password, password_hash: hash = '', hashing_algorithm: algorithm } = asked
  if (typeof password === 'string' && password !== '') {
    return matchesPassword(Buffer.from(password), before)
  }
  if (before.passwordHash !== hash) return false
  return hash === '' || before.hashingAlgorithm === (findHashing(algorithm) ?? ownHashing)
}

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text
}

export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function clean(tags: readonly string[]): string[] {
  return tags.map((tag) => tag.trim()).filter((tag) => tag !== '')
}
