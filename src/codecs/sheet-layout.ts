// The places of many images in one.

/** Pixel size of a sheet of `tiles` tiles, ceil(sqrt(tiles)) of them in a row. */
export const sheetSize = (
  tiles: number,
  image: { readonly height: number; readonly width: number },
): { readonly columns: number; readonly height: number; readonly width: number } => {
  const columns = Math.ceil(Math.sqrt(tiles));
  return { columns, width: columns * image.width, height: Math.ceil(tiles / columns) * image.height };
};

/** Calls `copy(from, to)` for every row of every channel of every tile: offsets into [C, 3, H, W] and [rows, columns, 3]. */
export const eachRow = (
  tiles: number,
  image: { readonly height: number; readonly width: number },
  copy: (from: number, to: number) => void,
): void => {
  const { columns, width } = sheetSize(tiles, image);
  for (let tile = 0; tile < tiles; tile++) {
    const top = Math.floor(tile / columns) * image.height;
    const left = (tile % columns) * image.width;
    for (let channel = 0; channel < 3; channel++) {
      for (let y = 0; y < image.height; y++) {
        copy(((tile * 3 + channel) * image.height + y) * image.width, ((top + y) * width + left) * 3 + channel);
      }
    }
  }
};
