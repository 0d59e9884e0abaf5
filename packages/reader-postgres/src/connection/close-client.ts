import type pg from 'pg'

const endTimeoutMs = 2_000

/** What is used of the driver's client beyond its public type. */
interface ClientInternals {
  readonly connection: { readonly stream: { destroy(): void } }
}

/** Lets go of a connection at once, whatever it is doing. */
export function closeClient(client: pg.Client): void {
  ;(client as unknown as ClientInternals).connection.stream.destroy()
}

/** Ends a connection that is idle; the server sees it leave in order, unless it does not answer. */
export async function endClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => closeClient(client), endTimeoutMs)
  await client.end().catch(() => undefined)
  clearTimeout(timer)
}
