// Tells addresses from names of hosts, without a look at the network.

const byte = String.raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`
const fourBytes = new RegExp(String.raw`^${byte}(?:\.${byte}){3}$`)

/** Whether `text` is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  return fourBytes.test(text) || (text.includes(':') && URL.canParse(`http://[${text}]/`))
}

/** The address in the form that sockets report; the text as it is when it is none. */
export function usualAddress(text: string): string {
  if (!text.includes(':') || !isAddress(text)) return text
  return new URL(`http://[${text}]/`).hostname.slice(1, -1)
}
