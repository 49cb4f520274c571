// Delegation tokens (KIP-48): there are none, as in a Kafka without `delegation.token.secret.key`, and clients get
// the errors of such a one. A login by OAUTHBEARER does what they are for.
import { codeOf } from './error-code.ts'
import type { Handler } from './request-context.ts'

const refusal = codeOf('DELEGATION_TOKEN_AUTH_DISABLED')
const none = { issueTimestampMs: -1, expiryTimestampMs: -1, maxTimestampMs: -1, tokenId: '' }
const nobody = { principalType: '', principalName: '' }
const requester = { tokenRequesterPrincipalType: '', tokenRequesterPrincipalName: '' }

export const handleCreateDelegationToken: Handler<'createDelegationToken'> = () => ({
  throttleTimeMs: 0,
  errorCode: refusal,
  ...nobody,
  ...requester,
  ...none,
  hmac: Buffer.alloc(0),
})

export const handleRenewDelegationToken: Handler<'renewDelegationToken'> = () => ({
  throttleTimeMs: 0,
  errorCode: refusal,
  expiryTimestampMs: -1,
})

export const handleExpireDelegationToken: Handler<'expireDelegationToken'> = () => ({
  throttleTimeMs: 0,
  errorCode: refusal,
  expiryTimestampMs: -1,
})

export const handleDescribeDelegationToken: Handler<'describeDelegationToken'> = () => ({
  throttleTimeMs: 0,
  errorCode: refusal,
  tokens: [],
})
