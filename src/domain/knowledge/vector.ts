/** So many bytes is a number of a vector: Float32, little-endian. */
export const BYTES_OF_NUMBER = 4;

/**
 * A vector as it is kept: of length 1, so that the cosine of two is the sum of their products.
 *
 * @returns null when it has no direction (all zero, or a number that is none)
 */
export function toVectorBytes(numbers: readonly number[]): Uint8Array | null {
  const length = Math.hypot(...numbers);
  if (!(length > 0) || !Number.isFinite(length)) return null;
  const view = new DataView(new ArrayBuffer(numbers.length * BYTES_OF_NUMBER));
  for (const [at, number] of numbers.entries()) view.setFloat32(at * BYTES_OF_NUMBER, number / length, true);
  return new Uint8Array(view.buffer);
}

export function fromVectorBytes(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float32Array(bytes.byteLength / BYTES_OF_NUMBER);
  for (let at = 0; at < numbers.length; at += 1) numbers[at] = view.getFloat32(at * BYTES_OF_NUMBER, true);
  return numbers;
}
