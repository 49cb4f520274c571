import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tlsJson } from './tls-json.ts'

const names = ['ssl_protocol', 'ssl_key_exchange', 'ssl_cipher', 'ssl_hash'] as const

for (const [protocol, cipherSuite, ...expected] of [
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384', 'tlsv1.3', 'any', 'aes_256_gcm', 'aead'],
  ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256', 'tlsv1.3', 'any', 'chacha20_poly1305', 'aead'],
  [
    'TLSv1.2',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'tlsv1.2',
    'ecdhe_rsa',
    'aes_128_gcm',
    'aead',
  ],
  ['TLSv1.2', 'TLS_RSA_WITH_AES_256_CBC_SHA', 'tlsv1.2', 'rsa', 'aes_256_cbc', 'sha'],
  ['TLSv1.2', 'TLS_RSA_WITH_AES_256_CCM_8', 'tlsv1.2', 'rsa', 'aes_256_ccm_8', 'aead'],
] as const) {
  test(`${cipherSuite} has the words of RabbitMQ`, () => {
    const json = tlsJson({ protocol, cipherSuite, certificate: undefined })
    assert.deepEqual(
      names.map((name) => json[name]),
      expected,
    )
  })
}

test('without TLS all is null', () => {
  assert.deepEqual(new Set(Object.values(tlsJson(undefined))), new Set([null]))
})

test('a certificate is shown with its names and its time', () => {
  const certificate = {
    subject: 'CN=app,O=shop',
    issuer: 'CN=authority',
    validFrom: new Date('2026-01-01T00:00:00Z'),
    validTo: new Date('2027-01-01T00:00:00Z'),
  }
  const json = tlsJson({ protocol: 'TLSv1.3', cipherSuite: 'TLS_AES_256_GCM_SHA384', certificate })
  assert.equal(json['peer_cert_subject'], 'CN=app,O=shop')
  assert.equal(json['peer_cert_issuer'], 'CN=authority')
  assert.equal(json['peer_cert_validity'], '2026-01-01T00:00:00Z - 2027-01-01T00:00:00Z')
})
