import { PluginError, type Split } from '@millrace/core/plugin'

/** Deals the files out to as many splits as are wanted, each a run of files in the order of their names. */
export function splitsOf(
  names: readonly string[],
  desired: number,
  table: string,
): readonly Split[] {
  const count = Math.max(1, Math.min(desired, names.length))
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * names.length) / count)
    const files = names.slice(start, Math.floor(((index + 1) * names.length) / count))
    // The same for the same files in every run: what a checkpoint says of a split is found again.
    const id = files.length === 1 ? String(files[0]) : `${files[0] ?? ''}..${files.at(-1) ?? ''}`
    return { id, table, range: { files }, resumable: true }
  })
}

/** The files of a split. It may come from a checkpoint: it is looked at like any other input. */
export function namesOf({ id, range }: Split): readonly string[] {
  if (typeof range === 'object' && range !== null && 'files' in range) {
    const { files } = range
    if (Array.isArray(files) && files.every(isFileName)) return files
  }
  throw new PluginError({
    code: 'POSITION_LOST',
    message: `reading the split ${id}: it is no split of this reader`,
    hint: 'Begin anew with --restart.',
  })
}

function isFileName(name: unknown): name is string {
  return typeof name === 'string' && name !== '..' && !/[/\\]/.test(name)
}
