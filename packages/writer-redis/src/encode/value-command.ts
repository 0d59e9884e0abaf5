import { commandOf, type WriteKind } from '../config/writer-config.ts'
import { arrayHeader, constantBulk } from '../resp/resp-writer.ts'
import { isRowError } from './cell-text.ts'
import { pushAndExpireScript, type ExpiryForm } from './expiry.ts'
import type { RowText } from './joined-text.ts'
import type { RowCommand } from './row-command.ts'

/** Commands of one key and one value: `SET`, `LPUSH`, `RPUSH`, `SADD`. */
export function compileValueCommand(
  kind: WriteKind,
  value: RowText,
  expiry: ExpiryForm,
): RowCommand {
  const { head, middle, tail } = frameOf(kind, expiry)
  return (row, key, writer) => {
    const text = value(row)
    if (isRowError(text)) return text
    writer.text += head
    writer.argument(key)
    writer.text += middle
    writer.argument(text)
    writer.text += tail
    return undefined
  }
}

/** What stands before the key, between key and value, and after the value. */
export function frameOf(kind: WriteKind, expiry: ExpiryForm) {
  const command = constantBulk(commandOf(kind))
  if (expiry.kind === 'script') {
    const script = constantBulk('EVAL') + constantBulk(pushAndExpireScript) + constantBulk('1')
    return { head: arrayHeader(8) + script, middle: command, tail: expiry.tail }
  }
  const optionCount = expiry.kind === 'option' ? expiry.argumentCount : 0
  return {
    head: arrayHeader(3 + optionCount) + command,
    middle: '',
    tail: expiry.kind === 'option' ? expiry.tail : '',
  }
}
