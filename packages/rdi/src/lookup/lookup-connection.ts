import type { RdiValue } from '../model/expression.ts'

/** A command of a lookup: its name and its arguments. */
export type LookupCommand = readonly [string, ...string[]]

/** An answer to a lookup: the reply, or the error that the server replied for this command alone. */
export type LookupReply = { readonly value: RdiValue } | { readonly error: string }

/** A connection that lookups run on. */
export interface LookupConnection {
  /**
   * Sends commands together and gives the replies in their order. A lost connection is opened again and the commands are
   * repeated.
   *
   * @throws PluginError TARGET_UNREACHABLE when the server stays away; TARGET_NOT_PERMITTED when it does not permit them
   */
  send(commands: readonly LookupCommand[]): Promise<readonly LookupReply[]>
  /**
   * Connects, without trying again.
   *
   * @throws PluginError as `send` does
   */
  probe(): Promise<void>
  close(): Promise<void>
}
