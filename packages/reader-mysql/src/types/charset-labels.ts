import { loadDriver } from '../connection/driver.ts'

/** `TextDecoder` labels by the server's character set names. Those left out take any byte, or have no decoder. */
const labels: Record<string, string> = {
  UTF8: 'utf-8',
  UTF8MB3: 'utf-8',
  UTF8MB4: 'utf-8',
  UCS2: 'utf-16be',
  UTF16: 'utf-16be',
  UTF16LE: 'utf-16le',
  GBK: 'gbk',
  GB2312: 'gb2312',
  GB18030: 'gb18030',
  BIG5: 'big5',
  SJIS: 'shift_jis',
  CP932: 'shift_jis',
  UJIS: 'euc-jp',
  EUCJPMS: 'euc-jp',
  EUCKR: 'euc-kr',
  LATIN2: 'iso-8859-2',
  LATIN7: 'iso-8859-13',
  CP1250: 'windows-1250',
  CP1251: 'windows-1251',
  CP1256: 'windows-1256',
  CP1257: 'windows-1257',
  CP866: 'ibm866',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  GREEK: 'iso-8859-7',
  HEBREW: 'iso-8859-8',
  TIS620: 'windows-874',
}

/** MariaDB's NOPAD collations stand this far above those they are variants of. */
const noPadOffset = 1024
/** Other collations that the driver's table lacks are of UTF-8. */
const firstNewCollation = 256

/** The `TextDecoder` label for a collation number, or `undefined` for a character set that takes any byte. */
export function decoderLabelOf(collation: number): string | undefined {
  labelByNumber ??= readLabels()
  const isNoPad = collation >= noPadOffset && collation < noPadOffset + firstNewCollation
  const known = labelByNumber.get(isNoPad ? collation - noPadOffset : collation)
  return known ?? (collation >= firstNewCollation && !isNoPad ? 'utf-8' : undefined)
}

/** The `TextDecoder` label for the name of a character set, or `undefined` for one that takes any byte or has none. */
export function charsetLabelOf(charset: string): string | undefined {
  return labels[charset.toUpperCase()]
}

let labelByNumber: ReadonlyMap<number, string> | undefined

/** The labels by collation number, as the driver's own table has them. */
function readLabels(): ReadonlyMap<number, string> {
  const { Charsets } = loadDriver() as unknown as { Charsets: Record<string, number> }
  const found = new Map<number, string>()
  for (const [collation, number] of Object.entries(Charsets)) {
    const label = labels[collation.split('_')[0] ?? '']
    if (label !== undefined) found.set(number, label)
  }
  return found
}

/** Whether text in this encoding is what the server sends anyway, or is named at all. */
export function isUtf8Name(encoding: string | undefined): boolean {
  return encoding === undefined || /^utf-?8(mb[34])?$/i.test(encoding.trim())
}

/** Whether text can be decoded from the encoding. */
export function isKnownEncoding(encoding: string): boolean {
  try {
    new TextDecoder(encoding)
    return true
  } catch {
    return false
  }
}
