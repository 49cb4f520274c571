// Whether a password is a token, which decides who checks it: no password that a person chose is.
import { authLimits } from '../../limits/auth.ts'

const compactForm = /^(ey[-\w]+)\.[-\w]+\.[-\w]*$/

/** Whether `password` is a JWS in compact form (RFC 7515 §7.1), right or wrong. */
export function isTokenShaped(password: Uint8Array): boolean {
  if (password.length > authLimits.tokenSizeMax) return false
  const text = Buffer.from(password.buffer, password.byteOffset, password.byteLength).toString()
  const [, header] = compactForm.exec(text) ?? []
  return header !== undefined && isJsonObject(Buffer.from(header, 'base64url').toString())
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}
