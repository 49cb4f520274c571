/** What a connection has agreed on with TLS, and whom its client has shown to be. */
export interface TlsFacts {
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly protocol: string
  /** IANA's name: `TLS_AES_256_GCM_SHA384`, or `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. */
  readonly cipherSuite: string
  /** Undefined for a client that has shown none that may be trusted. */
  readonly certificate: CertificateFacts | undefined
}

export interface CertificateFacts {
  /** Names as RFC 4514 writes them. */
  readonly subject: string
  readonly issuer: string
  readonly validFrom: Date
  readonly validTo: Date
}
