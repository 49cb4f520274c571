// What a broker keeps of a password for SCRAM (RFC 5802, RFC 7677), as Kafka does.
import { createHash, createHmac, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { authLimits } from '../limits/auth.ts'
import type { ScramMechanism, ScramSecret } from '../meta/access-rows.ts'

/** Bytes. */
export const saltSize = 16

/** Names of digests for `node:crypto`, and their sizes in bytes. */
export const scramDigests: Readonly<Record<ScramMechanism, { name: string; size: number }>> = {
  'SCRAM-SHA-256': { name: 'sha256', size: 32 },
  'SCRAM-SHA-512': { name: 'sha512', size: 64 },
}

const deriveKey = promisify(pbkdf2)

/** One for each mechanism. Takes some milliseconds of another thread. */
export async function makeScramSecrets(
  password: Uint8Array,
  saltFor: (mechanism: ScramMechanism) => Buffer,
): Promise<ScramSecret[]> {
  const mechanisms = Object.keys(scramDigests) as ScramMechanism[]
  const salts = mechanisms.map(saltFor)
  return Promise.all(
    mechanisms.map((mechanism, index) => makeSecret(mechanism, password, salts[index] as Buffer)),
  )
}

async function makeSecret(
  mechanism: ScramMechanism,
  password: Uint8Array,
  salt: Buffer,
): Promise<ScramSecret> {
  const { name, size } = scramDigests[mechanism]
  const iterations = authLimits.scramIterations
  const saltedPassword = await deriveKey(password, salt, iterations, size, name)
  return scramSecretOf(mechanism, { salt, iterations, saltedPassword })
}

/** A password as somebody has salted it. */
interface SaltedPassword {
  readonly salt: Buffer
  readonly iterations: number
  readonly saltedPassword: Uint8Array
}

/** What is kept of it. */
export function scramSecretOf(
  mechanism: ScramMechanism,
  { salt, iterations, saltedPassword: salted }: SaltedPassword,
): ScramSecret {
  const { name } = scramDigests[mechanism]
  const clientKey = createHmac(name, salted).update('Client Key').digest()
  const storedKey = createHash(name).update(clientKey).digest()
  const serverKey = createHmac(name, salted).update('Server Key').digest()
  return {
    mechanism,
    salt: salt.toString('base64'),
    iterations,
    storedKey: storedKey.toString('base64'),
    serverKey: serverKey.toString('base64'),
  }
}
