// Where in the plane a score is at least so high: regions to fill and lines of equal score.

/**
 * Marching squares over a grid of heights. `x` and `y` take a column and a row to the drawing. Gives
 * the region of at least `level` and its border as paths; cells that are full are joined along a row.
 */
export function contour(heights, level, x, y) {
  let region = "", border = "";
  const round = (value) => Math.round(value * 10) / 10;
  for (let row = 0; row + 1 < heights.length; row += 1) {
    const top = heights[row], bottom = heights[row + 1];
    let from = -1;
    const flush = (to) => {
      if (from >= 0) region += `M${round(x(from))} ${round(y(row))}H${round(x(to))}V${round(y(row + 1))}H${round(x(from))}Z`;
      from = -1;
    };
    for (let column = 0; column + 1 < top.length; column += 1) {
      const a = top[column], b = top[column + 1], c = bottom[column + 1], d = bottom[column];
      const high = (a >= level) + (b >= level) + (c >= level) + (d >= level);
      if (high === 4 && from < 0) from = column;
      if (high < 4) flush(column);
      if (high === 0 || high === 4) continue;
      const corners = [[a, 0, 0], [b, 1, 0], [c, 1, 1], [d, 0, 1]];
      const around = [], crossings = [];
      corners.forEach(([height, right, down], n) => {
        const [other, right2, down2] = corners[(n + 1) % 4];
        const place = (share) => `${round(x(column + right + share * (right2 - right)))} ${round(y(row + down + share * (down2 - down)))}`;
        if (height >= level) around.push(place(0));
        if ((height >= level) === (other >= level)) return;
        crossings.push(place((level - height) / (other - height)));
        around.push(crossings.at(-1));
      });
      region += `M${around.join("L")}Z`;
      for (let n = 0; n + 1 < crossings.length; n += 2) border += `M${crossings[n]}L${crossings[n + 1]}`;
    }
    flush(top.length - 1);
  }
  return { region, border };
}
