import type { X509Certificate } from 'node:crypto'
import { createSecureContext, createServer, type Server, type TlsOptions } from 'node:tls'
import { amqpLimits } from '../limits/amqp.ts'

/** What a broker shows to its clients, and wants to see of them. All PEM. */
export interface TlsMaterial {
  /** The broker's own certificate, then those between it and a root. */
  readonly certificates: string
  readonly key: string
  /** Clients must show a certificate that one of these has signed. */
  readonly clientCa: string | undefined
  /** The first of `certificates`. */
  readonly own: X509Certificate
}

/**
 * Without a key exchange by RSA, since a key that leaks later would open what was said before, and
 * without CBC and SHA-1. All clients since about 2015 have one of these.
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** Certificate and key of all TLS listeners; replacing them leaves open connections alone. */
export class TlsCredentials {
  #material: TlsMaterial
  readonly #servers: Server[] = []

  /** Throws what OpenSSL has against the material. */
  constructor(material: TlsMaterial) {
    createSecureContext(contextOf(material))
    this.#material = material
  }

  get own(): X509Certificate {
    return this.#material.own
  }

  /** Handshakes from now on use `material`. Throws, and changes nothing, when OpenSSL refuses it. */
  replace(material: TlsMaterial): void {
    createSecureContext(contextOf(material))
    this.#material = material
    for (const server of this.#servers) server.setSecureContext(contextOf(material))
  }

  /** A server that never listens: connections are put into it with its `connection` event. */
  createServer(): Server {
    const wantsClientCertificate = this.#material.clientCa !== undefined
    const server = createServer({
      ...contextOf(this.#material),
      requestCert: wantsClientCertificate,
      rejectUnauthorized: wantsClientCertificate,
      handshakeTimeout: amqpLimits.handshakeMsMax,
    })
    this.#servers.push(server)
    return server
  }
}

function contextOf({ certificates, key, clientCa }: TlsMaterial): TlsOptions {
  return {
    cert: certificates,
    key,
    minVersion: 'TLSv1.2',
    ciphers,
    ...(clientCa !== undefined && { ca: clientCa }),
  }
}
