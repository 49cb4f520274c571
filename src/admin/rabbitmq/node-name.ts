import { hostname } from 'node:os'

/** What RabbitMQ's API calls the node; scripts ask for `rabbit@` and the short name of their host. */
export const nodeName: string = `rabbit@${hostname().split('.', 1)[0]}`
