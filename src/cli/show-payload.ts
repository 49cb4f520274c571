/** A payload as HTTP answers it. */
export interface ShownPayload {
  readonly payload_bytes: number
  readonly payload?: string
  readonly payload_encoding?: string
}

/** A payload in a table: bytes that are no text as `0x…`, and `…` where it goes on. */
export function showPayload(
  { payload, payload_encoding: encoding, payload_bytes: size }: ShownPayload,
  sizeMax: number = Infinity,
): string {
  if (payload === undefined) return '(lost)'
  const bytes = payloadBytes({ payload, payload_encoding: encoding })
  const shown = bytes.subarray(0, sizeMax)
  const more = shown.length < size ? '…' : ''
  return encoding === 'base64' ? `0x${shown.toString('hex')}${more}` : `${textOf(shown)}${more}`
}

/** Without the character in whose middle it was cut. */
function textOf(bytes: Buffer): string {
  return new TextDecoder().decode(bytes, { stream: true })
}

export function payloadBytes({
  payload = '',
  payload_encoding: encoding,
}: Pick<ShownPayload, 'payload'> & { readonly payload_encoding?: string | undefined }): Buffer {
  return Buffer.from(payload, encoding === 'base64' ? 'base64' : 'utf8')
}
