import { codeOf, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'
import { type SaslMechanism, saslMechanisms } from './sasl-state.ts'

/** In Kafka's words. */
const scramRefusal = (mechanism: SaslMechanism): string =>
  `Authentication failed during authentication due to invalid credentials with SASL mechanism ${mechanism}`

const refusals: Readonly<Record<SaslMechanism, string>> = {
  PLAIN: 'Authentication failed: Invalid username or password',
  'SCRAM-SHA-256': scramRefusal('SCRAM-SHA-256'),
  'SCRAM-SHA-512': scramRefusal('SCRAM-SHA-512'),
}

export const handleSaslHandshake: Handler<'saslHandshake'> = (request, context) => {
  const mechanisms = [...saslMechanisms]
  const mechanism = saslMechanisms.find((served) => served === request.mechanism)
  if (mechanism === undefined || !takesBareTokens(mechanism, context.apiVersion)) {
    return { errorCode: codeOf('UNSUPPORTED_SASL_MECHANISM'), mechanisms }
  }
  context.client.sasl.handshake(context.apiVersion, mechanism)
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
  if (login.isAccepted) {
    return { errorCode: noError, errorMessage: null, authBytes: login.answer }
  }
  await new Promise<void>((resolve) => void context.clock.after(login.waitMs, resolve))
  return {
    errorCode: codeOf('SASL_AUTHENTICATION_FAILED'),
    errorMessage: refusals[mechanism],
    authBytes,
  }
}

/** Version 0 announces bare tokens, of which only PLAIN needs no more than one. */
function takesBareTokens(mechanism: SaslMechanism, apiVersion: number): boolean {
  return apiVersion > 0 || mechanism === 'PLAIN'
}
