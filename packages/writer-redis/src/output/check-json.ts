import { PluginError } from '@millrace/core/plugin'
import type { ControlConnection } from '../connection/control.ts'
import { RespError } from '../resp/resp-error.ts'

/**
 * Whether the server has the commands of RedisJSON that the job needs. They are sent without arguments: a server that
 * knows them says so, whatever the user may do, and nothing is written.
 *
 * @throws PluginError TARGET_UNFIT
 */
export async function checkJsonCommands(
  control: ControlConnection,
  commands: readonly string[],
): Promise<void> {
  for (const command of commands) {
    const reply = await control.call(command)
    if (!(reply instanceof RespError) || !/unknown command/i.test(reply.message)) continue
    const hasJson = command === 'JSON.MERGE'
    throw new PluginError({
      code: 'TARGET_UNFIT',
      message: `Redis at ${control.target} has no ${command}: JSON documents need ${hasJson ? 'RedisJSON 2.6 or later' : 'the module RedisJSON'}`,
      hint: hasJson
        ? 'Update RedisJSON, or do without it (use_native_json_merge: false in RDI, mode "set" in DataWorks).'
        : 'Install RedisJSON (Redis 8 has it, and so has Redis Stack; Valkey has valkey-json), or write JSON text into strings (data_type: string).',
    })
  }
}
