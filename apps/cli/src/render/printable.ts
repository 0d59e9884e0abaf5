/**
 * A text for the terminal: control characters, and halves of surrogate pairs, as `\\u001b`. Names of keys and values of
 * files stand in messages, and what they hold must be seen there and not obeyed. Line ends stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]|\p{Cs}|[\u2028\u2029\ufeff]/gu, escape)
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
