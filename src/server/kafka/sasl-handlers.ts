import { codeOf, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'
import { saslMechanism } from './sasl-state.ts'

export const handleSaslHandshake: Handler<'saslHandshake'> = (request, context) => {
  const mechanisms = [saslMechanism]
  if (request.mechanism !== saslMechanism) {
    return { errorCode: codeOf('UNSUPPORTED_SASL_MECHANISM'), mechanisms }
  }
  context.client.sasl.handshake(context.apiVersion)
  return { errorCode: noError, mechanisms }
}

export const handleSaslAuthenticate: Handler<'saslAuthenticate'> = async (request, context) => {
  const { sasl } = context.client
  const authBytes = Buffer.alloc(0)
  if (!sasl.isHandshaken) {
    const errorMessage = 'SaslAuthenticate request received before SaslHandshake'
    return { errorCode: codeOf('ILLEGAL_SASL_STATE'), errorMessage, authBytes }
  }
  const login = sasl.authenticate(request.authBytes)
  if (login.isAccepted) return { errorCode: noError, errorMessage: null, authBytes }
  await new Promise<void>((resolve) => void context.clock.after(login.waitMs, resolve))
  return {
    errorCode: codeOf('SASL_AUTHENTICATION_FAILED'),
    errorMessage: 'Authentication failed: Invalid username or password',
    authBytes,
  }
}
