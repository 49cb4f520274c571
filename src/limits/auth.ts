// Limits of logins.

export const authLimits = {
  /** Wrong logins of one address that are answered at once: people mistype, and pods come in dozens. */
  wrongLoginsAtOnce: 20,
  /** How often an address gets the answer to a wrong login after that. */
  wrongLoginEveryMs: 1000,
  /** No answer waits longer; AMQP's handshake ends by then. */
  wrongLoginWaitMsMax: 10_000,
  /** Addresses that are remembered: a number each. */
  wrongLoginAddressesMax: 10_000,
  /** Names per operation of which a user's rights are remembered: up to 255 bytes each. */
  rightsKnownMax: 1000,
  /** How often the password file is looked at. */
  passwordFileCheckMs: 5000,
  /** As RabbitMQ. */
  tagsPerUserMax: 32,
  /** A digest of a password is salted so often for SCRAM: the least that RFC 7677 and Kafka allow. */
  scramIterations: 4096,
  /** Who sets a credential asks each login for so many at most. As Kafka. */
  scramIterationsMax: 16_384,
  /** Bytes of a salt: it goes into each login's challenge. */
  scramSaltSizeMax: 256,
  /** Users, and permissions of each kind: all of them are in memory, some hundred bytes each. */
  usersMax: 10_000,
  permissionsMax: 100_000,
  /** ACLs: all of them are in memory, some hundred bytes each. */
  aclsMax: 50_000,
  /** Bytes of the name, the principal and the host of an ACL: each is longer than any that is in use. */
  aclTextSizeMax: 1024,
  /** ACLs that one request deletes. As Kafka. */
  aclsDeletedMax: 10_000,
  /** ACLs that are looked at, or deleted, in one step. */
  aclsPerStep: 256,
  /** Bytes of a name or a password, as AMQP can say them. */
  nameSizeMax: 255,
  /** Bytes of a token: Kafka's requests before the login have no more, and no issuer comes near it. */
  tokenSizeMax: 65_536,
  /** Scopes of one token for this broker. As RabbitMQ. */
  scopesMax: 2048,
  /** Each answer of an issuer (its discovery, then its keys) comes within this time: AMQP's handshake ends after 10 s. */
  issuerMsMax: 4000,
  /** Bytes of such an answer: an RSA key with its certificate takes some 3 KB. */
  issuerAnswerSizeMax: 1_048_576,
  /** An issuer is asked at most this often, however many tokens name keys that it has not. */
  issuerAskedEveryMs: 5000,
  /** Keys that are older are asked for again: an issuer takes back a key by leaving it out. */
  signingKeysMsMax: 600_000,
} as const
