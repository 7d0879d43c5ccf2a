// Arrays out of a file of attncourse.trained: the format of safetensors, int8 with a scale for each row.

const SCALE = ".scale";
const VIEWS = { F32: Float32Array, I8: Int8Array };

/** The arrays of a file by name, restored to float64, each with its shape; and its record. */
export function readArrays(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)), start = 8 + length;
  const { __metadata__: { record }, ...entries } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const raw = (name) => {
    const { dtype, data_offsets: [from, to] } = entries[name], View = VIEWS[dtype];
    return new View(bytes.buffer, bytes.byteOffset + start + from, (to - from) / View.BYTES_PER_ELEMENT);
  };
  const arrays = {};
  for (const [name, { shape }] of Object.entries(entries)) {
    if (name.endsWith(SCALE)) continue;
    const values = Float64Array.from(raw(name));
    if (name + SCALE in entries) {
      const wide = shape[1];
      raw(name + SCALE).forEach((scale, row) => {
        for (let at = row * wide; at < (row + 1) * wide; at += 1) values[at] *= scale;
      });
    }
    arrays[name] = { shape, values };
  }
  return { arrays, record: JSON.parse(record) };
}
