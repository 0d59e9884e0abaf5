import type { PreviewCommand } from '@millrace/core/plugin'

const plain = /^[A-Za-z0-9_.:/@#{}+,=*-]+$/

/** A command on one line, quoted so that `redis-cli` reads back the same bytes. */
export function formatRedisCommand(command: PreviewCommand): string {
  return command.map(quote).join(' ')
}

/** The command for `--format json`: text as text, bytes that are no UTF-8 as `{"$bytes": base64}`. */
export function jsonOfCommand(command: PreviewCommand): unknown[] {
  return command.map((argument) =>
    typeof argument === 'string' ? argument : { $bytes: Buffer.from(argument).toString('base64') },
  )
}

function quote(argument: string | Uint8Array): string {
  if (typeof argument !== 'string') return quoteBytes(argument)
  if (plain.test(argument)) return argument
  let quoted = '"'
  for (const character of argument) quoted += quoteCharacter(character)
  return `${quoted}"`
}

function quoteCharacter(character: string): string {
  switch (character) {
    case '"':
    case '\\':
      return `\\${character}`
    case '\n':
      return '\\n'
    case '\r':
      return '\\r'
    case '\t':
      return '\\t'
    default: {
      const code = character.codePointAt(0) ?? 0
      return code < 0x20 || code === 0x7f ? hex(code) : character
    }
  }
}

function quoteBytes(bytes: Uint8Array): string {
  let quoted = '"'
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    quoted += byte < 0x7f ? quoteCharacter(character) : hex(byte)
  }
  return `${quoted}"`
}

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`
}
