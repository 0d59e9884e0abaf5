/** A piece of a key template: literal text, or the name of a column. */
export type TemplatePiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'column'; readonly name: string }

/**
 * Takes a key template apart: `user:#{id}` is the text `user:` and the column `id`; `##{` is a literal `#{`.
 * Everything else stands for itself, `{tag}` and `${name}` included.
 *
 * @throws RangeError when a `#{` is not closed, names nothing, or no column is named at all where one has to be
 */
export function parseKeyTemplate(
  template: string,
  { mayBeConstant = false } = {},
): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = []
  let text = ''
  let at = 0
  while (at < template.length) {
    if (template.startsWith('##{', at)) {
      text += '#{'
      at += 3
    } else if (template.startsWith('#{', at)) {
      const end = template.indexOf('}', at)
      const name = end < 0 ? '' : template.slice(at + 2, end).trim()
      if (end < 0) throw new RangeError(`the #{ at character ${at + 1} is not closed by }`)
      if (name === '') throw new RangeError(`the #{} at character ${at + 1} names no column`)
      if (text !== '') pieces.push({ kind: 'text', text })
      pieces.push({ kind: 'column', name })
      text = ''
      at = end + 1
    } else {
      text += template.charAt(at)
      at += 1
    }
  }
  if (text !== '') pieces.push({ kind: 'text', text })
  if (!mayBeConstant && !pieces.some((piece) => piece.kind === 'column'))
    throw new RangeError('no column is named: every row would have the same key')
  return pieces
}

/** Names of the columns of a template, each once, in order. */
export function templateColumns(pieces: readonly TemplatePiece[]): readonly string[] {
  return [...new Set(pieces.flatMap((piece) => (piece.kind === 'column' ? [piece.name] : [])))]
}
