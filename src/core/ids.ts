// Thread: both

/**
 * A UUID of version 7 (RFC 9562 §5.7): sortable by the time of its making.
 *
 * @param wallMs milliseconds since 1970
 * @param bytes 10 random bytes; by default from the platform's generator
 */
export function uuidv7(wallMs: number, bytes: Uint8Array = crypto.getRandomValues(new Uint8Array(10))): string {
  const time = Math.trunc(wallMs).toString(16).padStart(12, '0').slice(-12);
  const random = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  // 0x7 is the version; the variant's two top bits are 10.
  const variant = ((Number.parseInt(random.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}
