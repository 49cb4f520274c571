// How long sessions outlive their connections (MQTT 5 §3.1.2.11.2), never longer than the broker is set to keep them.
import type { MqttSettings } from './mqtt-context.ts'

/** Seconds that stand for ever. */
export const neverExpires = 0xffff_ffff

/** Infinity for ever. */
export function sessionExpiryMs(
  seconds: number,
  { sessionExpirySecondsMax }: Pick<MqttSettings, 'sessionExpirySecondsMax'>,
): number {
  const asked = seconds === neverExpires ? Infinity : seconds
  return Math.min(asked, sessionExpirySecondsMax) * 1000
}

/** As a CONNACK says it. */
export function expirySeconds(ms: number): number {
  return ms === Infinity ? neverExpires : ms / 1000
}
