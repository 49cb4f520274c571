/** A request that is well-formed and has no answer: Kafka ends the connection. */
export class RefusedRequestError extends Error {}
