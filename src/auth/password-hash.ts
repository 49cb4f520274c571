// Passwords are kept as RabbitMQ keeps them (rabbit_password_hashing_sha256):
// base64(salt of 4 bytes ‖ SHA-256(salt ‖ password)), so that users can be moved as they are.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../lib/random.ts'

const saltSize = 4
const digestSize = 32

/** The hash to keep for a password, with a new salt. */
export function hashPassword(password: Uint8Array, random: Random): string {
  const salt = random.bytes(saltSize)
  return Buffer.concat([salt, digest(salt, password)]).toString('base64')
}

/** Whether `password` has this hash. Takes the same time wherever they differ. */
export function matchesPassword(password: Uint8Array, passwordHash: string): boolean {
  const stored = Buffer.from(passwordHash, 'base64')
  if (stored.length !== saltSize + digestSize) return false
  const salt = stored.subarray(0, saltSize)
  return timingSafeEqual(stored.subarray(saltSize), digest(salt, password))
}

function digest(salt: Uint8Array, password: Uint8Array): Buffer {
  return createHash('sha256').update(salt).update(password).digest()
}
