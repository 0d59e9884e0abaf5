import { isUtf8 } from 'node:buffer'
import type { PreviewCommand } from '@millrace/core/plugin'
import { ReplyParser } from './resp/reply-parser.ts'

/** The commands of a payload, read back from its bytes, so that they are those that would be sent. */
export function previewCommands(payload: readonly Uint8Array[]): readonly PreviewCommand[] {
  const commands: PreviewCommand[] = []
  const parser = new ReplyParser((command) => {
    if (!Array.isArray(command)) return
    commands.push(
      command.flatMap((argument) => (Buffer.isBuffer(argument) ? [shownArgument(argument)] : [])),
    )
  })
  for (const part of payload) {
    parser.feed(Buffer.from(part.buffer, part.byteOffset, part.byteLength))
  }
  return commands
}

function shownArgument(argument: Buffer): string | Uint8Array {
  return isUtf8(argument) ? argument.toString('utf8') : new Uint8Array(argument)
}
