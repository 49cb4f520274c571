// TLS of a connection as RabbitMQ's management shows it: in the words of Erlang's ssl.
import { z } from 'zod'
import type { CertificateFacts, TlsFacts } from '../../broker/client/tls-facts.ts'

type TlsField =
  | 'ssl_protocol'
  | 'ssl_key_exchange'
  | 'ssl_cipher'
  | 'ssl_hash'
  | 'peer_cert_subject'
  | 'peer_cert_issuer'
  | 'peer_cert_validity'

const text = z.string().nullable().optional()

/** null without TLS, or without a certificate. */
export const tlsShape: Readonly<Record<TlsField, z.ZodType>> = {
  ssl_protocol: text.describe('tlsv1.3'),
  ssl_key_exchange: text.describe('ecdhe_rsa; any with TLS 1.3'),
  ssl_cipher: text.describe('aes_256_gcm'),
  ssl_hash: text.describe('aead, or what messages are authenticated with'),
  peer_cert_subject: text,
  peer_cert_issuer: text,
  peer_cert_validity: text.describe('From when to when'),
}

export function tlsJson(tls: TlsFacts | undefined): Readonly<Record<TlsField, string | null>> {
  return { ...agreedJson(tls), ...certificateJson(tls?.certificate) }
}

type Agreed = 'ssl_protocol' | 'ssl_key_exchange' | 'ssl_cipher' | 'ssl_hash'

function agreedJson(tls: TlsFacts | undefined): Readonly<Record<Agreed, string | null>> {
  const { protocol, cipherSuite = '' } = tls ?? {}
  const [, exchange = 'any', cipher = null, hash = null] =
    /^tls_(?:(\w+?)_with_)?(\w+?)(?:_(sha\d*|md5))?$/.exec(cipherSuite.toLowerCase()) ?? []
  const isAead = cipher !== null && /_(?:gcm|ccm|ccm_8|poly1305)$/.test(cipher)
  return {
    ssl_protocol: protocol?.toLowerCase() ?? null,
    ssl_key_exchange: cipher === null ? null : exchange,
    ssl_cipher: cipher,
    ssl_hash: isAead ? 'aead' : hash,
  }
}

function certificateJson(
  certificate: CertificateFacts | undefined,
): Readonly<Record<Exclude<TlsField, Agreed>, string | null>> {
  if (certificate === undefined) {
    return { peer_cert_subject: null, peer_cert_issuer: null, peer_cert_validity: null }
  }
  const { subject, issuer, validFrom, validTo } = certificate
  return {
    peer_cert_subject: subject,
    peer_cert_issuer: issuer,
    peer_cert_validity: `${timeOf(validFrom)} - ${timeOf(validTo)}`,
  }
}

function timeOf(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
