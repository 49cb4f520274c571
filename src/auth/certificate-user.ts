// Whom a client's certificate stands for, as RabbitMQ reads it (ssl_cert_login_from).
import type { X509Certificate } from 'node:crypto'

/** What of a certificate is the user's name. */
export type CertificateName = 'distinguished-name' | 'common-name'

/**
 * The user whom a verified certificate names: its subject as RFC 4514 writes it (`CN=app,O=shop`), or
 * the common name in it, the last where there are several. Undefined when there is none.
 */
export function userOfCertificate(
  { subject }: Pick<X509Certificate, 'subject'>,
  from: CertificateName,
): string | undefined {
  if (from === 'distinguished-name') return distinguishedName(subject) || undefined
  const common = partsOf(subject)
    .flatMap((part) => part.split(/(?<!\\)\+/))
    .find((part) => part.startsWith('CN='))
  return common === undefined ? undefined : unescape2253(common.slice('CN='.length))
}

/** As RFC 4514 writes it; empty for none. `name` is as Node has it. */
export function distinguishedName(name: string | undefined): string {
  return partsOf(name).join(',')
}

/** Node gives a part per line, in the order of the certificate; RFC 4514 begins with the last. */
function partsOf(name = ''): string[] {
  const parts = name.split('\n').filter((part) => part !== '')
  return parts.toReversed().map((part) => part.replaceAll(' + ', '+'))
}

/** `\,` and the like, and `\C3` for a byte. */
function unescape2253(value: string): string {
  const bytes: number[] = []
  for (let at = 0; at < value.length; at++) {
    const char = value[at] as string
    const hex = value.slice(at + 1, at + 3)
    if (char !== '\\') bytes.push(...Buffer.from(char))
    else if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16))
      at += 2
    } else bytes.push(...Buffer.from(value[++at] ?? ''))
  }
  return Buffer.from(bytes).toString()
}
