/**
 * Whether a Host header means this machine. A page from anywhere can make its own host name resolve to 127.0.0.1 and so
 * reach an environment that is open to local callers; its requests then still carry that foreign name.
 */

const ADDRESS = /^(?:\[[0-9a-f:.]+\]|\d{1,3}(?:\.\d{1,3}){3})$/i

/** True for IP addresses, `localhost` and names below it, names without a dot, and when no Host was sent. */
export function meansThisMachine(host: string | undefined): boolean {
  if (host === undefined) return true
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
  return ADDRESS.test(name) || !name.includes('.') || name.endsWith('.localhost')
}
