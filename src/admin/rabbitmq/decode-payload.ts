// Bodies of messages that come as JSON.

/** Undefined for what is no base64. */
export function decodePayload({
  payload,
  payload_encoding: encoding,
}: {
  readonly payload: string
  readonly payload_encoding: 'string' | 'base64'
}): Buffer | undefined {
  if (encoding === 'string') return Buffer.from(payload)
  const text = payload.replaceAll(/\s/g, '')
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined
}
