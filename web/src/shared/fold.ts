/** Text without marks, lower case: "Đường" is found by "duong". đ has no decomposition and is folded by hand. */
export const folded = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase()
