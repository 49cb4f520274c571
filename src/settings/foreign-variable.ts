// Variables that begin with PABAL_ and are nobody's settings. Kubernetes puts some into each pod for
// every service of its namespace, named after the service ("pabal", "pabal-amqp", "pabal-0"), as
// `docker --link` does for a container; the test suite has its own, and so have commands that ask a broker.

/** `PABAL_PORT`, `PABAL_AMQP_PORT`, `PABAL_PORT_5672_TCP` hold an address such as tcp://10.0.0.1:5672. */
const addressName = /_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/
const address = /^(?:tcp|udp|sctp):\/\//
const serviceName =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_\d+_(?:TCP|UDP|SCTP)_(?:ADDR|PORT|PROTO))$/
/** What docker copies from the container that is linked to. */
const linkedName = /^PABAL_(?:.+_)?ENV_/
const testName = /^PABAL_(?:REQUIRE_ALL|INTEROP|FRAMEWORKS|TEST_.+|BENCH_.+)$/

/** Which broker commands ask, and how they log in there (src/cli/find-broker.ts). */
const commandName = /^PABAL_(?:URL|CONTEXT|PASSWORD|TOKEN|TLS_CA)$/

/** Whether a variable that has a setting's name holds what only others write there. */
export function isForeignValue(name: string, value: string): boolean {
  return addressName.test(name) && address.test(value)
}

/** Whether a variable that has no setting's name is known to be somebody else's. */
export function isForeignVariable(name: string, value: string): boolean {
  if (isForeignValue(name, value)) return true
  // The name of a link is a path: /web/pabal.
  if (name.endsWith('_NAME') && value.startsWith('/')) return true
  return [serviceName, linkedName, testName, commandName].some((pattern) => pattern.test(name))
}
