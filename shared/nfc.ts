/** All text below this code point is in normalization form C: it has no combining marks. */
const FIRST_MARK = 0x300;

/** Whether a text has only characters below U+0300, and so is in normalization form C. Other texts may be so too. */
export function isSurelyNfc(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= FIRST_MARK) return false;
  }
  return true;
}

/** A text in normalization form C. */
export function nfc(text: string): string {
  return isSurelyNfc(text) ? text : text.normalize("NFC");
}
