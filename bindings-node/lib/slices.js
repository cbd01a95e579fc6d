'use strict'

/** The rows of a column, as `Buffer`s that share its bytes. */
function slices (data, offsets, validity) {
  const whole = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const rows = new Array(offsets.length - 1)
  for (let row = 0; row < rows.length; row++) {
    const isNull = validity != null && (validity[row >> 3] >> (row & 7) & 1) === 0
    rows[row] = isNull ? null : whole.subarray(offsets[row], offsets[row + 1])
  }
  return rows
}

module.exports = { slices }
