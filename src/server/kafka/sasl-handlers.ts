import { codeOf, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'
import type { SaslMechanism } from './sasl-state.ts'

/** In Kafka's words. */
const credentialsRefusal = (mechanism: SaslMechanism): string =>
  `Authentication failed during authentication due to invalid credentials with SASL mechanism ${mechanism}`

const refusals: Readonly<Record<SaslMechanism, string>> = {
  PLAIN: 'Authentication failed: Invalid username or password',
  'SCRAM-SHA-256': credentialsRefusal('SCRAM-SHA-256'),
  'SCRAM-SHA-512': credentialsRefusal('SCRAM-SHA-512'),
  OAUTHBEARER: credentialsRefusal('OAUTHBEARER'),
}

export const handleSaslHandshake: Handler<'saslHandshake'> = (request, context) => {
  const { sasl } = context.client
  const mechanisms = [...sasl.mechanisms]
  const mechanism = mechanisms.find((served) => served === request.mechanism)
  if (mechanism === undefined || !takesBareTokens(mechanism, context.apiVersion)) {
    return { errorCode: codeOf('UNSUPPORTED_SASL_MECHANISM'), mechanisms }
  }
  sasl.handshake(context.apiVersion, mechanism)
  return { errorCode: noError, mechanisms }
}

export const handleSaslAuthenticate: Handler<'saslAuthenticate'> = async (request, context) => {
  const { sasl } = context.client
  const authBytes = Buffer.alloc(0)
  if (!sasl.isHandshaken) {
    const errorMessage = 'SaslAuthenticate request received before SaslHandshake'
    return { errorCode: codeOf('ILLEGAL_SASL_STATE'), errorMessage, authBytes }
  }
  const { mechanism } = sasl
  const login = await sasl.step(request.authBytes)
  if (login.waitMs > 0) {
    await new Promise<void>((resolve) => void context.clock.after(login.waitMs, resolve))
  }
  if (login.isAccepted) {
    const { answer, sessionLifetimeMs } = login
    return { errorCode: noError, errorMessage: null, authBytes: answer, sessionLifetimeMs }
  }
  return {
    errorCode: codeOf('SASL_AUTHENTICATION_FAILED'),
    errorMessage: login.reason ?? refusals[mechanism],
    authBytes,
  }
}

/** Version 0 announces bare tokens, of which only PLAIN needs no more than one. */
function takesBareTokens(mechanism: SaslMechanism, apiVersion: number): boolean {
  return apiVersion > 0 || mechanism === 'PLAIN'
}
