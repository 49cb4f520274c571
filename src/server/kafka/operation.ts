/**
 * What kind of step a request is for its client: `login` is allowed before the login; `discovery` finds
 * brokers, which a client does before it goes to the advertised address; all else is `work`.
 */
export type Operation = 'login' | 'discovery' | 'work'
