// Passwords are kept as RabbitMQ keeps them (rabbit_password, rabbit_password_hashing_sha256):
// base64(salt of 4 bytes ‖ digest(salt ‖ password)), so that users can be moved as they are.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../lib/random.ts'
import type { HashingAlgorithm } from '../meta/access-rows.ts'

const saltSize = 4

const digests: Readonly<
  Record<HashingAlgorithm, { readonly name: string; readonly size: number }>
> = {
  rabbit_password_hashing_sha256: { name: 'sha256', size: 32 },
  rabbit_password_hashing_sha512: { name: 'sha512', size: 64 },
}

/** Of passwords that are given as such. */
export const ownHashing: HashingAlgorithm = 'rabbit_password_hashing_sha256'

/** A password as it is kept. */
export interface HashedPassword {
  /** Empty when no password is right. */
  readonly passwordHash: string
  readonly hashingAlgorithm: HashingAlgorithm
}

/** The algorithm that RabbitMQ gives this name; undefined when it is not served. */
export function findHashing(name: unknown): HashingAlgorithm | undefined {
  return typeof name === 'string' && Object.hasOwn(digests, name)
    ? (name as HashingAlgorithm)
    : undefined
}

/** The hash to keep for a password, with a new salt. */
export function hashPassword(
  password: Uint8Array,
  random: Random,
  hashingAlgorithm: HashingAlgorithm = ownHashing,
): HashedPassword {
  const salt = random.bytes(saltSize)
  const hash = Buffer.concat([salt, digest(hashingAlgorithm, salt, password)])
  return { passwordHash: hash.toString('base64'), hashingAlgorithm }
}

/** Whether `password` has this hash. Takes the same time wherever they differ. */
export function matchesPassword(
  password: Uint8Array,
  { passwordHash, hashingAlgorithm }: HashedPassword,
): boolean {
  const stored = Buffer.from(passwordHash, 'base64')
  if (stored.length !== saltSize + digests[hashingAlgorithm].size) return false
  const salt = stored.subarray(0, saltSize)
  return timingSafeEqual(stored.subarray(saltSize), digest(hashingAlgorithm, salt, password))
}

function digest(algorithm: HashingAlgorithm, salt: Uint8Array, password: Uint8Array): Buffer {
  return createHash(digests[algorithm].name).update(salt).update(password).digest()
}
